/* Runs a program and prints its cost: "nanoseconds peak-KiB exit-code".
 *
 *     run OUTPUT PROGRAM ARGUMENT...
 *
 * OUTPUT receives the program's standard output. On Linux the child's peak memory
 * includes that of the process that forks it. If Python ran the program, the count
 * would be Python's own size. This process is too small to matter.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    int output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (output < 0) { perror(argv[1]); return 66; }

    struct timespec start, end;
    struct rusage usage;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child == 0) {
        dup2(output, STDOUT_FILENO);
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) { perror("fork"); return 71; }
    clock_gettime(CLOCK_MONOTONIC, &end);

    long long ns = (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec);
    printf("%lld %ld %d\n", ns, usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
