/* SPDX-License-Identifier: BSD-2-Clause */
/* See scene.h. Linked by test programs only. */
#include "tests/trust/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCENE_DEPTH_MAX 16u

int scene_setup(void **state) {
    Scene *scene = calloc(1, sizeof(*scene));
    CLEANUP(bytes_done) Bytes pem = {0};

    if (!scene)
        return -1;
    scene->anchors = pki_folder();
    scene->crls = pki_folder();
    pki_root(NULL, &scene->root);
    pki_intermediate(&scene->root, NULL, &scene->intermediate);
    pki_pem("CERTIFICATE", bytes_view(&scene->root.der), &pem);
    pki_write(scene->anchors, "root.pem", bytes_view(&pem));
    scene_write_crl(scene, "root.crl", &scene->root, NULL);
    scene_write_crl(scene, "intermediate.crl", &scene->intermediate, NULL);
    scene->options = (TrustOptions){.anchors_dir = scene->anchors, .crls_dir = scene->crls};
    *state = scene;
    return 0;
}

int scene_teardown(void **state) {
    Scene *scene = *state;

    scene->store = trust_store_unref(scene->store);
    trust_problems_done(&scene->problems);
    pki_identity_done(&scene->root);
    pki_identity_done(&scene->intermediate);
    pki_folder_free(scene->anchors);
    pki_folder_free(scene->crls);
    free(scene);
    return 0;
}

void scene_load(Scene *scene) {
    TrustStore *fresh = NULL;

    trust_problems_done(&scene->problems);
    assert_int_equal(trust_store_load(&scene->options, scene->store, PKI_NOW, &fresh, &scene->problems), 0);
    (void) trust_store_unref(scene->store);
    scene->store = fresh;
}

void scene_write_crl(Scene *scene, const char *name, const PkiIdentity *issuer, const PkiCrlOptions *options) {
    CLEANUP(bytes_done) Bytes crl = {0};

    pki_crl(issuer, options, &crl);
    pki_write(scene->crls, name, bytes_view(&crl));
}

PkiIdentity scene_leaf(const Scene *scene, const PkiOptions *options) {
    PkiIdentity leaf = {0};

    pki_leaf(&scene->intermediate, options, &leaf);
    return leaf;
}

static bool has_at(const Verdict *verdict, VerdictReason reason, unsigned depth) {
    for (size_t i = 0; i < verdict->n_items; i++)
        if (verdict->items[i].reason == reason && verdict->items[i].depth == depth)
            return true;
    return false;
}

Reasons reasons_of(const Verdict *verdict) {
    Reasons ret = {""};
    size_t used = 0;

    for (int reason = 0; reason < VERDICT_REASON_COUNT_; reason++)
        for (unsigned depth = 0; depth < SCENE_DEPTH_MAX; depth++)
            if (has_at(verdict, (VerdictReason) reason, depth)) {
                used += (size_t) snprintf(ret.text + used, sizeof(ret.text) - used, "%s%s@%u", used > 0 ? " " : "",
                                          verdict_reason_name((VerdictReason) reason), depth);
                assert_true(used < sizeof(ret.text));
            }
    return ret;
}

Reasons sources_of(const Verdict *verdict) {
    Reasons ret = {""};
    size_t used = 0;

    for (size_t i = 0; i < verdict->n_sources; i++) {
        const RevocationSource *source = &verdict->sources[i];
        const char *slash = strrchr(source->file, '/');

        used += (size_t) snprintf(ret.text + used, sizeof(ret.text) - used, "%s%u %s %s %s", used > 0 ? "; " : "",
                                  source->depth, revocation_kind_name(source->kind),
                                  revocation_state_name(source->state), slash ? slash + 1 : source->file);
        assert_true(used < sizeof(ret.text));
    }
    return ret;
}

Reasons scene_judge(Scene *scene, const PkiIdentity *leaf, const PkiIdentity *const *chain, size_t n_chain, int64_t now,
                    Verdict *ret) {
    const PkiIdentity *usual[] = {&scene->intermediate};
    View views[SCENE_DEPTH_MAX];
    TrustQuery query = {.leaf = bytes_view(&leaf->der), .chain = views, .now = now ? now : PKI_NOW};

    if (!chain) {
        chain = usual;
        n_chain = 1;
    }
    assert_true(n_chain <= SCENE_DEPTH_MAX);
    for (size_t i = 0; i < n_chain; i++)
        views[i] = bytes_view(&chain[i]->der);
    query.n_chain = n_chain;
    if (!scene->store)
        scene_load(scene);
    assert_int_equal(trust_judge(scene->store, &query, ret), 0);
    return reasons_of(ret);
}

Reasons scene_reasons(Scene *scene, const PkiIdentity *leaf, int64_t now) {
    CLEANUP(verdict_done) Verdict verdict = {0};

    return scene_judge(scene, leaf, NULL, 0, now, &verdict);
}

bool scene_has_problem(const Scene *scene, const char *part) {
    for (size_t i = 0; i < scene->problems.count; i++)
        if (strstr(scene->problems.items[i].line, part))
            return true;
    return false;
}
