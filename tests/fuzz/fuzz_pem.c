/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of certificates (trust/pem.h). */
#include <errno.h>

#include "common/macros.h"
#include "tests/fuzz/input.h"
#include "trust/pem.h"

/* Taken out, it is gone, and the others are there. */
static void cut(View file, const BytesList *list) {
    CLEANUP(bytes_done) Bytes rest = {0};
    CLEANUP(bytes_list_done) BytesList left = {0};
    View der = bytes_view(&list->items[0]);
    int r = trust_cut_certificate(file, der, &rest);
    FUZZ_PROMISE(r == 0 || r == -ENODATA || r == -EBADMSG);
    if (r != 0)
        return;
    FUZZ_PROMISE(rest.size < file.size);
    r = trust_read_certificates(bytes_view(&rest), &left);
    FUZZ_PROMISE(r == 0 || r == -ENODATA);
    FUZZ_PROMISE(left.count < list->count);
    for (size_t i = 0; i < left.count; i++)
        FUZZ_PROMISE(!view_equal(bytes_view(&left.items[i]), der));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(bytes_list_done) BytesList list = {0};
    int r = trust_read_certificates((View){data, size}, &list);
    FUZZ_PROMISE(r == 0 || r == -ENODATA || r == -EBADMSG);
    FUZZ_PROMISE(r != 0 || list.count > 0);
    for (size_t i = 0; i < list.count; i++)
        FUZZ_PROMISE(list.items[i].size > 0 && list.items[i].size <= size);
    if (r == 0)
        cut((View){data, size}, &list);
    return 0;
}
