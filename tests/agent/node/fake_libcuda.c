/* A driver library that says what its environment tells it to: see test_devices.py. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int number(const char *name) { const char *text = getenv(name); return text ? atoi(text) : 0; }

/* FAKE_LATE names a file that holds how many calls are still too early. */
static int too_early(void) {
    const char *name = getenv("FAKE_LATE");
    int left = 0;
    FILE *file = name ? fopen(name, "r+") : NULL;
    if (!file) return 0;
    if (fscanf(file, "%d", &left) != 1) left = 0;
    rewind(file);
    fprintf(file, "%d\n", left - 1);
    fclose(file);
    return left > 0;
}

int cuInit(unsigned flags) {
    if (number("FAKE_HANGS")) sleep(600);
    return flags || too_early() ? number("FAKE_EARLY") : number("FAKE_INIT");
}
int cuDriverGetVersion(int *version) { *version = number("FAKE_DRIVER"); return 0; }
int cuDeviceGetCount(int *count) { *count = number("FAKE_GPUS"); return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    int capability = number("FAKE_CAPABILITY");
    *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : -1;
    return device < 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)(intptr_t)(device + 1); return 0; }
static intptr_t current;
int cuCtxSetCurrent(void *context) { current = (intptr_t)context; return 0; }
int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
    *memory = 1;
    if (bytes != 1 << 20) return 1;
    return current - 1 == number("FAKE_BROKEN") - 1 ? 214 : 0;
}
int cuMemFree_v2(uint64_t memory) { return memory != 1; }
int cuDevicePrimaryCtxRelease_v2(int device) { return device < 0; }
