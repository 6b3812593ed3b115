/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of trust/ssh_key: what ssh-keygen(1) writes for the same keys, and nothing for what is no key of ours. */
#include "trust/ssh_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "tests/trust/pki.h"
#include "trust/certificate.h"

/* SubjectPublicKeyInfo in hexadecimal, and what "ssh-keygen -y" made of the private key. */
static const struct {
    const char *spki;
    const char *line;
} known[] = {
    {
        "30820122300d06092a864886f70d01010105000382010f003082010a02820101009bce2bbec118f3d06d99fa"
        "1d6db4b6676f6416199106abf4acfe06631b9846a1755a8241361fb80c74ed45cc6d397f93d7d7efff4c82ce"
        "f624de011d74b1a14dc94fb859fcb983136fbb0bda160eda1f7b58aa3f4035b0b81b468446ad9b0318e2c39b"
        "1d34b056f9b09c9510550b6517d25442476743264c32cf42a085e2abae0f0b42a1322348312da58e971cff92"
        "701d08b2ac0f2bb147e7a006c7bf23e5d2c5e899c1bf2f42e5e35654dbc8ad130a4e4a8abbc1e19fc725c447"
        "210e960c492a4224e5da400257186914e731c590856ecdb33b97329c7b11cb5774396670db38df910749b53d"
        "633a6a3dc80f230a9b77492108f73827fea3f4cb50564cb6570203010001",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCbziu+wRjz0G2Z+h1ttLZnb2QWGZEGq/Ss/gZjG5hGoXVagkE2"
        "H7gMdO1FzG05f5PX1+//TILO9iTeAR10saFNyU+4Wfy5gxNvuwvaFg7aH3tYqj9ANbC4G0aERq2bAxjiw5sdNLBW"
        "+bCclRBVC2UX0lRCR2dDJkwyz0KgheKrrg8LQqEyI0gxLaWOlxz/knAdCLKsDyuxR+egBse/I+XSxeiZwb8vQuXj"
        "VlTbyK0TCk5KirvB4Z/HJcRHIQ6WDEkqQiTl2kACVxhpFOcxxZCFbs2zO5cynHsRy1d0OWZw2zjfkQdJtT1jOmo9"
        "yA8jCpt3SSEI9zgn/qP0y1BWTLZX",
    },
    {
        "3059301306072a8648ce3d020106082a8648ce3d0301070342000433be4838e75fbc37e900bc87893a1129c4"
        "8e1107f991638ed8bb416fded822c612910f842569a96e5e144ccaddbd7faab2e2a219eab413532239143e6d"
        "02ef89",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDO+SDjnX7w36QC8"
        "h4k6ESnEjhEH+ZFjjti7QW/e2CLGEpEPhCVpqW5eFEzK3b1/qrLiohnqtBNTIjkUPm0C74k=",
    },
    {
        "3076301006072a8648ce3d020106052b8104002203620004dec8e62fddeae9993e62de8ba7f32fa130106f7c"
        "b6ce47e3a9042571d992b6ecfb37905a4f6fd3a99495ec67065e4614b80e48b6b383a7998c632348bdf63dd5"
        "b151e32fead47b9ac17328104ce57c2cb42679ac164b041e4af8ea5939914747",
        "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBN7I5i/d6umZPmLe"
        "i6fzL6EwEG98ts5H46kEJXHZkrbs+zeQWk9v06mUlexnBl5GFLgOSLazg6eZjGMjSL32PdWxUeMv6tR7msFzKBBM"
        "5XwstCZ5rBZLBB5K+OpZOZFHRw==",
    },
    {
        "30819b301006072a8648ce3d020106052b81040023038186000400654f9cf9794b83a9754c31ebf618db1788"
        "f78f4591a5a94d490784b7bf83d3dbdbc55ccaa5591570da9918c80380bc856517f63a3aa6a3b0f8e84ccf5d"
        "1d846c3200cd6212273aca6a6f2b2177c068e44bed16ca36e42fbf49ea66abcebf322ce513858f317d6424b6"
        "412eebadf1e0a114fb568f48ae09fc10da3f604f4fd760e3aefa",
        "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABlT5z5eUuDqXVM"
        "Mev2GNsXiPePRZGlqU1JB4S3v4PT29vFXMqlWRVw2pkYyAOAvIVlF/Y6OqajsPjoTM9dHYRsMgDNYhInOspqbysh"
        "d8Bo5EvtFso25C+/Sepmq86/MizlE4WPMX1kJLZBLuut8eChFPtWj0iuCfwQ2j9gT0/XYOOu+g==",
    },
    {
        "302a300506032b657003210097f706ba9ebde001d5f6a2a976d7ec47babb59b3c113b4b2cdf7c6983abf6074",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJf3BrqeveAB1faiqXbX7Ee6u1mzwRO0ss33xpg6v2B0",
    },
};

static void test_each_kind_of_key_is_written_as_ssh_keygen_does(void **state) {
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(known); i++) {
        size_t size = strlen(known[i].spki) / 2;
        CLEANUP(free_pointer) uint8_t *spki = malloc(size);
        CLEANUP(free_pointer) char *line = NULL;
        assert_non_null(spki);
        assert_int_equal(hex_decode(known[i].spki, spki, size), 0);
        assert_int_equal(ssh_key_text((View){spki, size}, &line), 0);
        assert_string_equal(line, known[i].line);
    }
}

static void assert_unsupported(View spki) {
    char *line = NULL;
    assert_int_equal(ssh_key_text(spki, &line), SSH_KEY_UNSUPPORTED);
    assert_null(line);
}

static void test_keys_that_we_do_not_accept_have_no_line(void **state) {
    static const PkiKey types[] = {PKI_KEY_P192, PKI_KEY_SECP256K1, PKI_KEY_RSA1024, PKI_KEY_DSA1024};
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        EVP_PKEY *key = pki_key(types[i]);
        unsigned char *spki = NULL;
        int size = i2d_PUBKEY(key, &spki);
        assert_true(size > 0);
        assert_unsupported((View){spki, (size_t) size});
        OPENSSL_free(spki);
        EVP_PKEY_free(key);
    }
}

static void test_what_is_not_one_whole_key_has_no_line(void **state) {
    uint8_t spki[512];
    size_t size = strlen(known[1].spki) / 2;
    (void) state;
    assert_int_equal(hex_decode(known[1].spki, spki, size), 0);
    for (size_t cut = 0; cut < size; cut++)
        assert_unsupported((View){spki, cut});
    spki[size] = 0;
    assert_unsupported((View){spki, size + 1});
}

static void test_the_key_of_a_certificate_is_the_one_it_was_made_with(void **state) {
    static const PkiKey types[] = {PKI_KEY_P256, PKI_KEY_P384, PKI_KEY_P521, PKI_KEY_RSA2048, PKI_KEY_ED25519};
    static const char *const names[] = {"ecdsa-sha2-nistp256 ", "ecdsa-sha2-nistp384 ", "ecdsa-sha2-nistp521 ",
                                        "ssh-rsa ", "ssh-ed25519 "};
    (void) state;
    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        CLEANUP(pki_identity_done) PkiIdentity identity = {0};
        CLEANUP(certificate_freep) Certificate *certificate = NULL;
        CLEANUP(bytes_done) Bytes spki = {0};
        CLEANUP(free_pointer) char *line = NULL;
        unsigned char *wanted = NULL;
        pki_self_signed(&(PkiOptions){.key_type = types[i]}, &identity);
        assert_int_equal(certificate_parse(bytes_view(&identity.der), &certificate), 0);
        assert_int_equal(certificate_spki(certificate, &spki), 0);
        int size = i2d_PUBKEY(identity.key, &wanted);
        assert_true(view_equal(bytes_view(&spki), (View){wanted, (size_t) size}));
        OPENSSL_free(wanted);
        assert_int_equal(ssh_key_text(bytes_view(&spki), &line), 0);
        assert_memory_equal(line, names[i], strlen(names[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_key_is_written_as_ssh_keygen_does),
        cmocka_unit_test(test_keys_that_we_do_not_accept_have_no_line),
        cmocka_unit_test(test_what_is_not_one_whole_key_has_no_line),
        cmocka_unit_test(test_the_key_of_a_certificate_is_the_one_it_was_made_with),
    };
    return cmocka_run_group_tests_name("trust: ssh keys", tests, NULL, NULL);
}
