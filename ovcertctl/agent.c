/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts pkttyagent(1), much as systemctl(1) does. Used by tool.c; must never outlive the tool, nor leave a terminal
 * without echo. */
#include "ovcertctl/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define AGENT_PATH "/usr/bin/pkttyagent"
#define AGENT_NOTIFY_FD 3
#define AGENT_START_MILLISECONDS 5000

struct Agent {
    pid_t pid;
    int terminal; /* borrowed */
    struct termios before;
};

static void reset_signals(void) {
    sigset_t none;
    (void) sigemptyset(&none); /* these cannot fail with such arguments */
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs in the child. Without --fallback: polkit 122 finds a fallback agent only for processes of a logind session, and
 * whoever types commands here expects to be asked here. Standard output and error go to the terminal too: ours may be a
 * pipe. */
static void run(pid_t parent, int terminal, int notify) {
    char process[16], descriptor[16];
    reset_signals();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(1);
    (void) snprintf(process, sizeof process, "%d", (int) parent); /* both fit */
    (void) snprintf(descriptor, sizeof descriptor, "%d", AGENT_NOTIFY_FD);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(terminal, fd) < 0)
            _exit(1);
    /* dup2() of a descriptor to itself would leave close-on-exec set. */
    if (notify == AGENT_NOTIFY_FD ? fcntl(notify, F_SETFD, 0) < 0 : dup2(notify, AGENT_NOTIFY_FD) < 0)
        _exit(1);
    (void) execl(AGENT_PATH, AGENT_PATH, "--process", process, "--notify-fd", descriptor, (char *) NULL);
    _exit(1);
}

/* The agent closes the descriptor when it has registered, and so does its death. */
static void wait_registered(int notify) {
    struct pollfd watched = {.fd = notify, .events = POLLIN};
    (void) poll(&watched, 1, AGENT_START_MILLISECONDS); /* late or interrupted: polkit then finds no agent and denies */
}

static int start(Agent *agent, int notify[2]) {
    pid_t parent = getpid();
    agent->pid = fork();
    if (agent->pid < 0)
        return -errno;
    if (agent->pid == 0)
        run(parent, agent->terminal, notify[1]);
    return 0;
}

int agent_start(int terminal, Agent **ret) {
    Agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return -ENOMEM;
    agent->terminal = terminal;
    int notify[2] = {-1, -1};
    int r = tcgetattr(terminal, &agent->before) < 0 || pipe2(notify, O_CLOEXEC) < 0 ? -errno : start(agent, notify);
    if (notify[1] >= 0)
        (void) close(notify[1]); /* nothing was written to it */
    if (r == 0)
        wait_registered(notify[0]);
    if (notify[0] >= 0)
        (void) close(notify[0]); /* only read from */
    if (r < 0)
        free(agent);
    else
        *ret = agent;
    return r;
}

Agent *agent_end(Agent *agent) {
    if (agent) {
        (void) kill(agent->pid, SIGTERM); /* not reaped yet, so the number is still its own */
        (void) kill(agent->pid, SIGCONT); /* a stopped one would not hear it */
        while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        (void) tcsetattr(agent->terminal, TCSADRAIN, &agent->before); /* the terminal may have gone away */
        free(agent);
    }
    return NULL;
}
