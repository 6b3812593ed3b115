/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration of the daemon and of the helper, and the reader of ini files below both: nothing is guessed, and every
 * refusal names the file and can be shown. */
#include <string.h>
#include <unistd.h>

#include "common/credential.h"
#include "common/ini.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcert-credential/settings.h"
#include "common/configuration.h"
#include "tests/fuzz/input.h"

static void check_problem(const char *problem, const char *path) {
    FUZZ_PROMISE(problem && strncmp(problem, path, strlen(path)) == 0);
    FUZZ_PROMISE(text_is_printable((View){(const uint8_t *) problem, strlen(problem)}));
}

static void check_daemon(const char *path) {
    CLEANUP(config_done) Config config = {0};
    CLEANUP(free_pointer) char *problem = NULL;
    int r = config_load_file(path, &config, &problem);
    FUZZ_PROMISE(r == 0 || r == CONFIG_INVALID);
    if (r != 0) {
        check_problem(problem, path);
        FUZZ_PROMISE(!config.store_path && !config.anchors_dir && !config.crls_dir);
        return;
    }
    FUZZ_PROMISE(config.store_path[0] == '/' && config.anchors_dir[0] == '/' && config.crls_dir[0] == '/');
    FUZZ_PROMISE(config.max_stale_days <= 3650 && config.warn_days <= 3650);
}

static void check_helper(const char *path) {
    CLEANUP(settings_done) Settings settings = {0};
    CLEANUP(free_pointer) char *detail = NULL;
    int r = settings_load(path, geteuid(), &settings, &detail);
    FUZZ_PROMISE(r == 0 || r == (int) CREDENTIAL_OUTCOME_CONFIGURATION);
    if (r != 0) {
        check_problem(detail, path);
        return;
    }
    FUZZ_PROMISE(settings.max_iterations > 0);
    for (size_t i = 0; i < settings.n_patterns; i++)
        FUZZ_PROMISE(settings.patterns[i][0] == '/' || strncmp(settings.patterns[i], "%h", 2) == 0);
}

/* An IniAssign. */
static int count(void *data, const char *section, const char *key, const char *value, char **ret_what) {
    (void) ret_what;
    FUZZ_PROMISE(section && key && key[0] != '\0' && value && !strchr(value, '\n'));
    (*(unsigned *) data)++;
    return 0;
}

static void check_ini(Reader input) {
    size_t size;
    CLEANUP(free_pointer) char *text = input_rest(&input, &size);
    CLEANUP(free_pointer) char *what = NULL;
    unsigned n_assigned = 0, line = 0;
    int r = ini_read(text, size, count, &n_assigned, &line, &what);
    FUZZ_PROMISE(r == 0 || r == INI_MALFORMED);
    FUZZ_PROMISE(r == 0 || (what && line > 0 && line <= size + 1));
    FUZZ_PROMISE(n_assigned <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    View text = {data, size};
    char path[32];
    int fd = input_file(text, path);
    check_daemon(path);
    check_helper(path);
    check_ini((Reader){text});
    FUZZ_PROMISE(close(fd) == 0);
    return 0;
}
