/// Symbol visibility: a symbol is exported only if it is marked with LUNGRT_API.
#pragma once

#define LUNGRT_API __attribute__((visibility("default")))
