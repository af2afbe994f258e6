/* One vector against every row of a table at the end of a file, by ggml's own vec_dot.
 *
 *   cc -O2 -pthread -o dot dot.c -ldl
 *   ./dot FILE ROWS WIDTH ROW_BYTES THREADS pread|mmap [LIBGGML_BASE LIBGGML_CPU TYPE]
 *
 * The bytes are read in pieces of about 1 MiB, or mapped. Without the libraries they are
 * only read. Prints the nanoseconds of wall time and of processor time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The first fields of ggml's struct ggml_type_traits_cpu (ggml-cpu.h). */
struct traits {
    void (*from_float)(const float *, void *, int64_t);
    void (*vec_dot)(int, float *, size_t, const void *, size_t, const void *, size_t, int);
    int vec_dot_type;
};

static struct {
    int file, mapped;
    off_t start;
    long rows, width, row_bytes, threads;
    const char *map;
    const struct traits *traits;
    const void *vector;
    float *scores;
} job;

static void fail(const char *what) {
    fprintf(stderr, "dot: %s\n", what);
    exit(1);
}

static void multiply(long first, long n, const char *rows) {
    if (!job.traits) {
        volatile uint64_t sink = 0;
        uint64_t sums[4] = {0};
        for (long i = 0; job.mapped && i + 32 <= n * job.row_bytes; i += 32)
            for (int lane = 0; lane < 4; lane++) {
                uint64_t word;
                memcpy(&word, rows + i + 8 * lane, 8);
                sums[lane] += word;
            }
        sink += sums[0] + sums[1] + sums[2] + sums[3];
        return;
    }
    for (long i = 0; i < n; i++)
        job.traits->vec_dot(job.width, job.scores + first + i, 0, rows + i * job.row_bytes, 0, job.vector, 0, 1);
}

static void *work(void *argument) {
    long part = (long)argument, step = (1 << 20) / job.row_bytes + 1;
    long first = job.rows * part / job.threads, end = job.rows * (part + 1) / job.threads;
    char *buffer = malloc(step * job.row_bytes);
    for (; first < end; first += step) {
        long n = first + step < end ? step : end - first;
        const char *rows = job.map + first * job.row_bytes;
        if (!job.mapped) {
            if (pread(job.file, buffer, n * job.row_bytes, job.start + first * job.row_bytes) != n * job.row_bytes)
                fail("the file is too short");
            rows = buffer;
        }
        multiply(first, n, rows);
    }
    free(buffer);
    return NULL;
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int main(int n, char **arguments) {
    if (n != 7 && n != 10) fail("see the comment at its top");
    job.file = open(arguments[1], O_RDONLY);
    job.rows = atol(arguments[2]), job.width = atol(arguments[3]), job.row_bytes = atol(arguments[4]);
    job.threads = atol(arguments[5]), job.mapped = !strcmp(arguments[6], "mmap");
    struct stat status;
    if (job.file < 0 || fstat(job.file, &status)) fail("the file can't be opened");
    job.start = status.st_size - job.rows * job.row_bytes;
    if (n == 10) {
        dlopen(arguments[7], RTLD_NOW | RTLD_GLOBAL);
        void *library = dlopen(arguments[8], RTLD_NOW | RTLD_GLOBAL);
        if (!library) fail(dlerror());
        void (*init)(void) = (void (*)(void))dlsym(library, "ggml_cpu_init");
        const struct traits *(*find)(int) = (const struct traits *(*)(int))dlsym(library, "ggml_get_type_traits_cpu");
        if (!init || !find) fail("the library has no ggml_get_type_traits_cpu");
        init();
        job.traits = find(atoi(arguments[9]));
        float *values = malloc(job.width * sizeof(float));
        for (long i = 0; i < job.width; i++) values[i] = (i * 7919 % 2000 - 1000) / 1000.f;
        const struct traits *of_vector = find(job.traits->vec_dot_type);
        void *vector = malloc(job.width * 8);
        if (of_vector->from_float) of_vector->from_float(values, vector, job.width);
        else memcpy(vector, values, job.width * sizeof(float));
        job.vector = vector, job.scores = malloc(job.rows * sizeof(float));
    }
    int64_t wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
    if (job.mapped) {
        long page = sysconf(_SC_PAGESIZE);
        char *map = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, job.file, 0);
        if (map == MAP_FAILED || page <= 0) fail("the file can't be mapped");
        madvise(map, status.st_size, MADV_SEQUENTIAL);
        job.map = map + job.start;
    }
    pthread_t threads[64];
    for (long i = 0; i < job.threads && i < 64; i++) pthread_create(threads + i, NULL, work, (void *)i);
    for (long i = 0; i < job.threads && i < 64; i++) pthread_join(threads[i], NULL);
    printf("%lld %lld\n", (long long)(now(CLOCK_MONOTONIC) - wall), (long long)(now(CLOCK_PROCESS_CPUTIME_ID) - processor));
    return 0;
}
