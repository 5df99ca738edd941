// Shows the scan in three planes and leads from the list of nodules to their places.
(async () => {
  const status = document.getElementById("viewer-status");
  const frame = document.getElementById("viewer-frame");
  const content = (id) => {
    const text = atob(document.getElementById(id).textContent);
    return Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
  };
  try {
    const viewer = new niivue.Niivue({
      isRadiologicalConvention: true,
      sagittalNoseLeft: true,
      isOrientationTextVisible: true,
      show3Dcrosshair: true,
      backColor: [0, 0, 0, 1],
      crosshairColor: [1, 1, 1, 0.7],
      crosshairWidth: 1,
      logLevel: "error",
    });
    await viewer.attachToCanvas(document.getElementById("viewer-canvas"));
    if (!viewer.gl) throw new Error("this browser has no WebGL 2");
    const load = (id, options) =>
      niivue.NVImage.loadFromUrl({ url: content(id), name: id + ".nii.gz", ...options });
    const black = Number(frame.dataset.black);
    const white = Number(frame.dataset.white);
    const gray = { colormap: "gray", cal_min: black, cal_max: white };
    viewer.addVolume(await load("viewer-ct", gray));
    const color = { colormap: "warm", opacity: 0.45, cal_min: 0.5, cal_max: 1 };
    viewer.addVolume(await load("viewer-mask", color));
    viewer.setSliceType(viewer.sliceTypeMultiplanar);
    const show = (button) => {
      const place = button.dataset.position.split(" ").map(Number);
      viewer.scene.crosshairPos = viewer.mm2frac(place);
      viewer.createOnLocationChange();
      viewer.drawScene();
      status.textContent = button.textContent + " is at the crosshair.";
    };
    const buttons = document.querySelectorAll("#viewer button");
    for (const button of buttons) {
      button.addEventListener("click", () => show(button));
      button.disabled = false;
    }
    status.textContent = "Ready.";
    if (buttons.length) show(buttons[0]);
    globalThis.lungrtViewer = viewer;
  } catch (error) {
    status.textContent = "The viewer cannot be shown: " + error.message;
  }
})();
