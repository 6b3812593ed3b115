/* SPDX-License-Identifier: BSD-2-Clause */
/* "backup", for root: the daemon's copy, slice by slice, into a file. Must never leave half a file under the name that
 * was given, nor one that others may read. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"

#define MAKING UINT64_C(1800000000) /* microseconds: the daemon copies and checks all of it */

typedef struct Backup {
    const char *path;
    char *temporary; /* beside it; NULL once it has its name */
    int file;
    uint64_t size;
    uint64_t head;
    char *hash;
} Backup;

static void backup_done(Backup *backup) {
    if (backup->file >= 0)
        (void) close(backup->file); /* synced, or thrown away */
    if (backup->temporary)
        (void) unlink(backup->temporary); /* nothing more can be done */
    free(backup->temporary);
    free(backup->hash);
}

/* --- the daemon's copy --- */

static int make_copy(Tool *tool, Backup *backup) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    const void *hash;
    size_t size;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "Backup", &message);
    if (r < 0 || (r = sd_bus_message_append(message, "a{sv}", 0)) < 0)
        return r;
    r = client_call(tool->client, message, frame_now() + MAKING, &reply);
    if (r != 0)
        return r;
    if ((r = sd_bus_message_read(reply, "tt", &backup->size, &backup->head)) < 0 ||
        (r = sd_bus_message_read_array(reply, 'y', &hash, &size)) < 0)
        return client_bad_reply(tool->client, r);
    backup->hash = hex_encode((View){hash, size});
    return backup->hash ? 0 : -ENOMEM;
}

static int read_slice(Tool *tool, uint64_t offset, sd_bus_message **ret, View *ret_slice) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    const void *data;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "ReadBackup", &message);
    if (r < 0 || (r = sd_bus_message_append(message, "t", offset)) < 0)
        return r;
    r = tool_call(tool, message, ret);
    if (r != 0)
        return r;
    r = sd_bus_message_read_array(*ret, 'y', &data, &ret_slice->size);
    ret_slice->data = data;
    return r < 0 ? client_bad_reply(tool->client, r) : 0;
}

/* --- the file --- */

static int file_failed(const Backup *backup, int error) {
    CLEANUP(free_pointer) char *shown = text_escape_string(backup->path);
    output_complain(error == EEXIST ? _("Give another name, or replace it with --force.")
                                    : _("Give a file in a folder that there is room in."),
                    _("%s cannot be written: %s."), shown ? shown : "", strerrordesc_np(error));
    return EXIT_FAILED;
}

static int write_all(int file, View octets) {
    while (octets.size > 0) {
        ssize_t n = write(file, octets.data, octets.size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            octets = (View){octets.data + n, octets.size - (size_t) n};
    }
    return 0;
}

/* 0, or an ExitStatus, said. */
static int fill(Tool *tool, const Backup *backup) {
    for (uint64_t offset = 0; offset < backup->size;) {
        CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        View slice = {0};
        int r = read_slice(tool, offset, &reply, &slice);
        if (r == 0 && slice.size == 0) /* shorter than it said */
            r = client_bad_reply(tool->client, -EBADMSG);
        if (r != 0)
            return tool_failed(tool, r);
        r = write_all(backup->file, slice);
        if (r < 0)
            return file_failed(backup, -r);
        offset += slice.size;
    }
    return 0;
}

static int begin_file(const Tool *tool, Backup *backup) {
    struct stat status;
    if (!options_has(tool->options, OPTION_FORCE) && lstat(backup->path, &status) == 0)
        return file_failed(backup, EEXIST);
    if (asprintf(&backup->temporary, "%s.XXXXXX", backup->path) < 0) {
        backup->temporary = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    backup->file = mkostemp(backup->temporary, O_CLOEXEC); /* of mode 0600 */
    if (backup->file >= 0)
        return 0;
    int error = errno;
    free(TAKE_PTR(backup->temporary));
    return file_failed(backup, error);
}

/* Some file systems cannot refuse to replace; there, what came between is replaced. */
static int give_name(const Backup *backup, bool replace) {
    if (!replace && renameat2(AT_FDCWD, backup->temporary, AT_FDCWD, backup->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (!replace && errno != EINVAL)
        return -errno;
    return rename(backup->temporary, backup->path) < 0 ? -errno : 0;
}

static int sync_folder(const char *path) {
    CLEANUP(free_pointer) char *copy = strdup(path); /* dirname(3) writes into it */
    int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0)
        return copy ? -errno : -ENOMEM;
    int r = fsync(folder) < 0 && errno != EINVAL ? -errno : 0; /* not every file system can */
    (void) close(folder);                                      /* only synced */
    return r;
}

static int finish_file(const Tool *tool, Backup *backup) {
    int r = fsync(backup->file) < 0 ? -errno : give_name(backup, options_has(tool->options, OPTION_FORCE));
    if (r == 0) {
        free(TAKE_PTR(backup->temporary));
        r = sync_folder(backup->path);
    }
    return r < 0 ? file_failed(backup, -r) : 0;
}

static int print(const Tool *tool, const Backup *backup) {
    CLEANUP(free_pointer) char *shown = text_escape_string(backup->path);
    if (tool->output.format == OUTPUT_TEXT) {
        output_say(&tool->output, _("The database is backed up in %s: %llu octets; the log's newest entry is %llu."),
                   shown ? shown : "", (unsigned long long) backup->size, (unsigned long long) backup->head);
        return 0;
    }
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "file", json_object_new_string(shown ? shown : "")) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "size", json_object_new_uint64(backup->size));
    if (r == 0)
        r = json_put(object, "head", json_object_new_uint64(backup->head));
    if (r == 0)
        r = json_put(object, "hash", json_object_new_string(backup->hash));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

int verb_backup(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(backup_done) Backup backup = {.path = operands[0], .file = -1};
    if (geteuid() != 0) {
        output_complain(_("Run it as root, with sudo say."), _("Only root may have a copy of the database."));
        return EXIT_DENIED;
    }
    int r = tool_connect(tool);
    if (r == 0)
        r = begin_file(tool, &backup);
    if (r != 0)
        return r;
    r = make_copy(tool, &backup);
    if (r != 0)
        return tool_failed(tool, r);
    r = fill(tool, &backup);
    if (r == 0)
        r = finish_file(tool, &backup);
    return r == 0 ? print(tool, &backup) : r;
}
