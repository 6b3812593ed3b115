/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the helper for a login. Called by login.c; must never open a file itself, nor have one opened as anybody but the
 * person whose it is. */
#include "pam_ovcert/files.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"

static uint64_t after_seconds(unsigned seconds) {
    return frame_now() + seconds * UINT64_C(1000000);
}

static int start(const char *path, const Person *person, unsigned seconds, Helper **ret) {
    const HelperOptions options = {
        .path = path,
        .seconds = seconds,
        .as_user = geteuid() == 0,
        .uid = person->uid,
        .gid = person->gid,
        .user = person->name,
        .home = person->home,
    };
    return helper_start(&options, after_seconds(seconds), ret);
}

/* The helper goes before its words are read, so they are kept. */
static int keep_detail(const Helper *helper, int outcome, char **ret_detail) {
    if (outcome > 0)
        *ret_detail = strdup(helper_detail(helper)); /* NULL: no detail, the outcome counts */
    return outcome;
}

/* A file may be offered when nothing is wrong with it, and only asking for the secret can tell what it holds. Sources
 * that show their certificates are to be matched before anybody is asked; there are none of that kind yet. */
static bool is_usable(const HelperSource *source) {
    return (source->flags & CREDENTIAL_SOURCE_HIDDEN) && source->problem[0] == '\0';
}

static void put_usable_first(Files *files) {
    for (size_t i = 0; i < files->count; i++) {
        if (!is_usable(&files->items[i]))
            continue;
        HelperSource usable = files->items[i];
        files->items[i] = files->items[files->n_usable];
        files->items[files->n_usable++] = usable;
    }
}

void files_done(Files *files) {
    (void) helper_sources_free(files->items, files->count); /* returns NULL */
    *files = (Files){0};
}

int files_list(const char *helper_path, const Person *person, Files *ret, char **ret_detail) {
    Helper *CLEANUP(helper_freep) helper = NULL;
    int r = start(helper_path, person, FILES_LIST_SECONDS, &helper);
    if (r != 0)
        return r;
    Files files = {0};
    r = helper_list(helper, after_seconds(FILES_LIST_SECONDS), &files.items, &files.count);
    if (r != 0)
        return keep_detail(helper, r, ret_detail);
    put_usable_first(&files);
    *ret = files;
    return 0;
}

void open_file_done(OpenFile *file) {
    (void) helper_certificates_free(file->certificates, file->count); /* returns NULL */
    (void) helper_free(file->helper);                                 /* likewise */
    *file = (OpenFile){0};
}

int files_open(const char *helper_path, const Person *person, const HelperSource *source, const Secret *secret,
               OpenFile *ret, char **ret_detail) {
    OpenFile CLEANUP(open_file_done) file = {0};
    int r = start(helper_path, person, FILES_OPEN_SECONDS, &file.helper);
    if (r != 0)
        return r;
    r = helper_unlock(file.helper, source, &(HelperUnlock){.secret = secret}, after_seconds(FILES_OPEN_SECONDS),
                      &file.certificates, &file.count);
    if (r != 0)
        return keep_detail(file.helper, r, ret_detail);
    *ret = file;
    file = (OpenFile){0};
    return 0;
}

const HelperCertificate *open_file_find(const OpenFile *file, const uint8_t fingerprint[32]) {
    return helper_find_certificate(file->certificates, file->count, fingerprint);
}
