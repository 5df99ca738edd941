/// Symbol visibility: everything is hidden but what carries this mark.
#pragma once

#define LUNGRT_API __attribute__((visibility("default")))
