/* SPDX-License-Identifier: BSD-2-Clause */
/* Match rules: what is no rule and where, what matches, and what never does. */
#include "trust/match.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trust/pki.h"

static void refuses(const char *text, size_t offset, const char *what) {
    CLEANUP(match_freep) MatchRule *rule = NULL;
    CLEANUP(free_pointer) char *said = NULL;
    size_t at = 9999;

    assert_int_equal(match_parse(text, &rule, &at, &said), MATCH_INVALID);
    assert_null(rule);
    if (!strstr(said, what))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, said, what);
    if (at != offset)
        fail_msg("%s: at %zu, not %zu", text, at, offset);
}

static bool matches(const char *text, const PkiIdentity *identity) {
    CLEANUP(match_freep) MatchRule *rule = NULL;
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    CLEANUP(free_pointer) char *said = NULL;
    size_t at;
    bool answer;

    if (match_parse(text, &rule, &at, &said) != 0)
        fail_msg("%s: %zu: %s", text, at, said);
    assert_int_equal(certificate_parse(bytes_view(&identity->der), &certificate), 0);
    assert_int_equal(match_test(rule, certificate, &answer), 0);
    return answer;
}

static PkiIdentity leaf(const PkiOptions *options) {
    CLEANUP(pki_identity_done) PkiIdentity root = {0};
    PkiIdentity ret = {0};

    pki_root(NULL, &root);
    pki_leaf(&root, options, &ret);
    return ret;
}

static void test_what_is_no_rule_is_refused_with_its_place(void **state) {
    (void) state;
    refuses("", 0, "wanted");
    refuses("CN=x", 0, "wanted");
    refuses("  x", 2, "wanted");
    refuses("<SUBJECT", 0, ">");
    refuses("<NAME>x", 1, "<NAME>");
    refuses("<subject>x", 1, "<subject>");
    refuses("<SUBJECT>", 9, "missing");
    refuses("<SUBJECT> <ISSUER>x", 10, "missing");
}

static void test_lists_have_known_words_only(void **state) {
    (void) state;
    refuses("<KU>", 4, "empty");
    refuses("<KU>digitalSignature,", 21, "empty");
    refuses("<KU>digitalSignature,signing", 21, "signing");
    refuses("<KU>12345678901", 4, "12345678901");
    refuses("<EKU>clientAuth, nothing", 17, "nothing");
    refuses("<POLICY>1.2.3,policy", 14, "policy");
    refuses("<POLICY>1.2.3 <POLICY>9.9.9.9", 22, "9.9.9.9");
}

static void test_a_rule_has_one_operator(void **state) {
    (void) state;
    refuses("<KU>1&&<EKU>clientAuth||<POLICY>1.2.3", 22, "both");
    refuses("||<KU>1&&<EKU>clientAuth", 7, "both");
    refuses("&&&&<KU>1", 2, "wanted");
}

static void test_only_known_types_of_names_and_kinds_of_rules(void **state) {
    (void) state;
    refuses("<SAN:othername>x", 5, "othername");
    refuses("<SAN:1.2x>x", 5, "OID");
    refuses("<SAN:>x", 1, "<SAN:>");
    refuses("LDAP:<SAN>x", 0, "kind of rule");
    refuses(":<SAN>x", 0, "kind of rule");
}

static void test_s14_expressions_that_could_take_for_ever_are_refused(void **state) {
    (void) state;
    char longest[1200] = "<SUBJECT>";

    refuses("<SUBJECT>(a)\\1", 9, "back-references");
    refuses("<SUBJECT>a{520}", 9, "repetitions");
    refuses("<SUBJECT>((a{20}){20}){20}", 9, "repetitions");
    refuses("<SUBJECT>a{1,99999999999999999999}", 9, "repetitions");
    refuses("<SUBJECT>[]{](a{1,50}){50}", 9, "repetitions");
    refuses("<SUBJECT>[[:alpha:][](a{1,50}){50}]", 9, "repetitions");
    refuses("<SUBJECT>a+++++++++++++++++++++++++++++++", 9, "nested");
    refuses("<SUBJECT>((((a)*b)?c)*d)*", 9, "nested");
    refuses("<SUBJECT>a****+****+****", 9, "may match nothing");
    refuses("<SUBJECT>((a*b*|c)d?|)+", 9, "may match nothing");
    refuses("<SUBJECT>(()+{,3}^)", 9, "may match nothing");
    refuses("<SUBJECT>(\\b|){8}{1,9}", 9, "anchor");
    refuses("<SUBJECT>(a|(b^)){2}", 9, "anchor");
    refuses("<SUBJECT>a{2}{2}{2}{2}", 9, "nested");
    refuses("<SUBJECT>((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))", 9, "within groups");
    refuses("<SUBJECT>a(", 9, "not a POSIX extended regular expression");
    refuses("<SUBJECT>(a)b)", 9, ")");
    refuses("<SUBJECT>a\\", 9, "not a POSIX extended regular expression");
    refuses("<SUBJECT>[a", 9, "not a POSIX extended regular expression");
    memset(longest + strlen(longest), 'x', 1100);
    refuses(longest, 9, "512");
}

static void test_numbers_that_are_no_repetitions_are_fine(void **state) {
    (void) state;
    CLEANUP(pki_identity_done) PkiIdentity identity = leaf(&(PkiOptions){.common_name = "a{500}\\1"});

    assert_true(matches("<SUBJECT>CN=a\\{500\\}", &identity));
    assert_true(matches("<SUBJECT>CN=a[{]500", &identity));
    assert_false(matches("<SUBJECT>a{2}", &identity));
}

static void test_repetitions_beside_each_other_are_fine(void **state) {
    (void) state;
    CLEANUP(pki_identity_done) PkiIdentity identity = leaf(&(PkiOptions){.common_name = "aabbccddeeffgghhiijjkkllmm"});

    assert_true(matches("<SUBJECT>a+b+c+d+e+f+g+h+i+j+k+l+m+", &identity));
    assert_true(matches("<SUBJECT>([a-m]{1,2}){13},", &identity));
    assert_true(matches("<SUBJECT>=[^],+[:digit:][.+.]++]{26},", &identity));
    assert_true(matches("<SUBJECT>(((((((a+)b+)c+)d+)e+)f+)g+)h+", &identity));
    assert_true(matches("<SUBJECT>(([a-m]+,)?C=)*", &identity));
}

static void test_octets_are_compared_whatever_the_locale(void **state) {
    (void) state;
    CLEANUP(pki_identity_done) PkiIdentity identity = leaf(&(PkiOptions){.common_name = "ñ"});

    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    assert_true(matches("<SUBJECT>CN=..,", &identity));
    assert_false(matches("<SUBJECT>CN=.,", &identity));
    assert_non_null(setlocale(LC_ALL, "C"));
}

static void test_names_match_in_rfc_4514_order(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf(&(PkiOptions){.common_name = "PRUEBAS, EIDAS", .serial_number = "IDCES-99999999R"});

    assert_true(matches("<SUBJECT>^serialNumber=IDCES-99999999R,CN=PRUEBAS\\\\, EIDAS,C=ES$", &identity));
    assert_true(matches("<ISSUER>^CN=AC PRUEBAS RAIZ,C=ES$", &identity));
    assert_false(matches("<ISSUER>^CN=AC PRUEBAS$", &identity));
    assert_false(matches("<SUBJECT>pruebas", &identity));
}

static void test_all_components_or_one(void **state) {
    (void) state;
    CLEANUP(pki_identity_done) PkiIdentity identity = leaf(&(PkiOptions){.policies = "1.2.3,1.2.4"});

    assert_true(matches("<ISSUER>RAIZ<POLICY>1.2.3", &identity));
    assert_true(matches("KRB5:&&<ISSUER>RAIZ<POLICY>1.2.3", &identity));
    assert_true(matches("<ISSUER>RAIZ && <POLICY>1.2.3", &identity));
    assert_false(matches("<ISSUER>RAIZ<POLICY>1.2.5", &identity));
    assert_false(matches("<POLICY>1.2.5<ISSUER>RAIZ", &identity));
    assert_true(matches("||<POLICY>1.2.5<ISSUER>RAIZ", &identity));
    assert_true(matches("<POLICY>1.2.4 || <POLICY>1.2.5", &identity));
    assert_false(matches("||<POLICY>1.2.5<POLICY>1.2.6", &identity));
}

static void test_lists_want_all_their_words(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf(&(PkiOptions){
        .key_usage = "digitalSignature,keyEncipherment",
        .extended_key_usage = "clientAuth,1.3.6.1.4.1.311.20.2.2,1.2.3.4",
        .policies = "1.2.3,1.2.4",
    });

    assert_true(matches("<KU>digitalSignature,keyEncipherment", &identity));
    assert_true(matches("<KU>160", &identity));
    assert_false(matches("<KU>digitalSignature,nonRepudiation", &identity));
    assert_true(matches("<EKU>clientAuth,msScLogin,1.2.3.4", &identity));
    assert_false(matches("<EKU>clientAuth,emailProtection", &identity));
    assert_true(matches("<POLICY>1.2.4,1.2.3", &identity));
    assert_false(matches("<POLICY>1.2.3,1.2.5", &identity));
    assert_false(matches("<POLICY>1.2", &identity));
}

static void test_what_is_absent_matches_no_list(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf(&(PkiOptions){.key_usage = "", .extended_key_usage = "", .bare_subject = true});

    assert_false(matches("<KU>digitalSignature", &identity));
    assert_false(matches("<KU>0", &identity));
    assert_false(matches("<EKU>clientAuth", &identity));
    assert_false(matches("<POLICY>1.2.3", &identity));
    assert_false(matches("<SAN:rfc822Name>.", &identity));
    assert_true(matches("<SUBJECT>^$", &identity));
}

static void test_alternative_names_match_by_their_type(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf(&(PkiOptions){
        .alternative_name = "email:a@example.org,DNS:host.example.org,URI:urn:x,IP:192.0.2.7,IP:2001:db8::1,RID:1.2.3,"
                            "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@EXAMPLE.ORG,otherName:1.2.3.4;UTF8:4711",
    });

    assert_true(matches("<SAN:rfc822Name>^a@example\\.org$", &identity));
    assert_true(matches("<SAN:dNSName>^host\\.example\\.org$", &identity));
    assert_true(matches("<SAN:uniformResourceIdentifier>^urn:x$", &identity));
    assert_true(matches("<SAN:iPAddress>^192\\.0\\.2\\.7$", &identity));
    assert_true(matches("<SAN:iPAddress>^2001:db8::1$", &identity));
    assert_true(matches("<SAN:registeredID>^1\\.2\\.3$", &identity));
    assert_true(matches("<SAN>^a@EXAMPLE\\.ORG$", &identity));
    assert_true(matches("<SAN:Principal>@EXAMPLE", &identity));
    assert_true(matches("<SAN:ntPrincipalName>@EXAMPLE", &identity));
    assert_true(matches("<SAN:1.2.3.4>^4711$", &identity));
    assert_false(matches("<SAN:1.2.3.5>.", &identity));
    assert_false(matches("<SAN:rfc822Name>EXAMPLE", &identity));
    assert_false(matches("<SAN:directoryName>.", &identity));
}

/* Hexadecimal DER of the extension. */
static PkiIdentity leaf_of_names(const char *der) {
    return leaf(&(PkiOptions){.extensions = &(PkiExtension){.oid = "2.5.29.17", .der = der}, .n_extensions = 1});
}

static void test_other_names_match_by_their_octets(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf(&(PkiOptions){
        .alternative_name = "email:4812,otherName:1.2.3.4;UTF8:4711,otherName:1.2.3.5;OCT:xyz",
    });

    assert_true(matches("<SAN:otherName>NDcxMQ==", &identity));          /* 4711 */
    assert_true(matches("<SAN:otherName> DAQ0NzEx ", &identity));        /* with its tag and length */
    assert_true(matches("<SAN:otherName>BAN4eXo=", &identity));          /* of the second one */
    assert_true(matches("<SAN:otherName>NDcxMQ==&&<KU>0", &identity));   /* and not what follows */
    assert_false(matches("<SAN:otherName>NDgxMg==", &identity));         /* 4812 is another type's */
    assert_false(matches("<SAN:otherName>KgME", &identity));             /* an OID's octets */
    assert_false(matches("<SAN:otherName>DAQ0NzExDAQ0NzEx", &identity)); /* longer than all there is */
    assert_false(matches("<SAN:x400Address>NDcxMQ==", &identity));
    refuses("<SAN:otherName>", 15, "base64");
    refuses("<SAN:otherName>NDcxMQ", 15, "base64");
    refuses("<SAN:otherName>NDcx\tMQ==", 15, "base64");
    refuses("<SAN:otherName>^4711$", 15, "base64");
    refuses("<SAN:x400Address>=", 17, "base64");
}

static void test_names_with_structures_match_by_their_octets(void **state) {
    (void) state;
    CLEANUP(pki_identity_done) PkiIdentity party = leaf_of_names("300da50ba1090c0770617274793031");
    CLEANUP(pki_identity_done) PkiIdentity address = leaf_of_names("300ca309300761051303414243");
    CLEANUP(pki_identity_done) PkiIdentity mail = leaf_of_names("300ba309300761051303414243");

    assert_true(matches("<SAN:ediPartyName>cGFydHkwMQ==", &party)); /* party01 */
    assert_false(matches("<SAN:ediPartyName>cGFydHkwMg==", &party));
    assert_false(matches("<SAN:x400Address>cGFydHkwMQ==", &party));
    assert_true(matches("<SAN:x400Address>QUJD", &mail)); /* ABC */
    assert_true(matches("<SAN:x400Address>MAdhBQ==", &mail));
    assert_false(matches("<SAN:ediPartyName>QUJD", &mail));
    assert_false(matches("<SAN:otherName>QUJD", &mail));
    assert_false(matches("<SAN:x400Address>QUJD", &address)); /* what does not parse */
}

static void test_a_principal_of_pkinit_matches_as_it_is_written(void **state) {
    (void) state;
    CLEANUP(pki_identity_done)
    PkiIdentity identity = leaf_of_names(
        "3037a03506062b0601050202a02b3029a00d1b0b4558414d504c452e4f5247a1183016a003020101a10f300d1b0464656d6f1b0561646d"
        "696e");

    assert_true(matches("<SAN:pkinit>^demo/admin@EXAMPLE\\.ORG$", &identity));
    assert_true(matches("<SAN:Principal>^demo/admin@EXAMPLE\\.ORG$", &identity));
    assert_true(matches("<SAN>@EXAMPLE", &identity));
    assert_false(matches("<SAN:ntPrincipalName>.", &identity));
    assert_false(matches("<SAN:pkinit>^demo@", &identity));
}

static void test_s16_a_principal_that_could_be_taken_for_another_never_matches(void **state) {
    (void) state;
    static const char *const extensions[] = {
        "3036a03406062b0601050202a02a3028a00d1b0b4558414d504c452e4f5247a1173015a003020101a10e300c1b0a64656d6f404f544845"
        "52", /* an at sign in the name */
        "3036a03406062b0601050202a02a3028a00d1b0b4558414d504c452e4f5247a1173015a003020101a10e300c1b0a64656d6f2f61646d69"
        "6e", /* a slash in a part */
        "302fa02d06062b0601050202a0233021a00d1b0b4558414d504c452e4f5247a110300ea003020101a10730051b03615c62",     /* a
                                                                                                                     backslash
                                                                                                                   */
        "3031a02f06062b0601050202a0253023a00d1b0b4558414d504c452e4f5247a1123010a003020101a10930071b056465206d6f", /* a
                                                                                                                     space
                                                                                                                   */
        "3031a02f06062b0601050202a0253023a00d1b0b4558414d504c452e4f5247a1123010a003020101a10930071b0564656d6f00", /* a
                                                                                                                     NUL
                                                                                                                   */
        "302ca02a06062b0601050202a020301ea00d1b0b4558414d504c452e4f5247a10d300ba003020101a10430021b00", /* an empty part
                                                                                                         */
        "302aa02806062b0601050202a01e301ca00d1b0b4558414d504c452e4f5247a10b3009a003020101a1023000",     /* no part */
        "302da02b06062b0601050202a021301fa00d1b0b4558414d504c452e4f5247a10e300ca003020101a1053003020137", /* a number */
        "3028a02606062b0601050202a01c301aa0051b03414042a111300fa003020101a10830061b0464656d6f", /* an at sign in the
                                                                                                   realm */
    };

    for (size_t i = 0; i < ELEMENTSOF(extensions); i++) {
        CLEANUP(pki_identity_done) PkiIdentity identity = leaf_of_names(extensions[i]);
        assert_false(matches("<SAN:pkinit>.", &identity));
        assert_false(matches("<SAN>.", &identity));
    }
}

static void test_a_directory_name_matches_like_the_subject(void **state) {
    (void) state;
    PkiAttribute names[] = {{.type = "CN", .value = "EIDAS"}, {.type = "1.3.6.1.4.1.5734.1.4", .value = "99999999R"}};
    CLEANUP(pki_identity_done) PkiIdentity identity = leaf(&(PkiOptions){.directory = names, .n_directory = 2});

    assert_true(matches("<SAN:directoryName>^1.3.6.1.4.1.5734.1.4=99999999R,CN=EIDAS$", &identity));
}

static void test_s16_names_with_nul_or_control_characters_never_match(void **state) {
    (void) state;
    PkiAttribute nul[] = {{.type = "CN", .value = "root\0.x", .size = 7}};
    PkiAttribute line[] = {{.type = "CN", .value = "root\nx"}};
    PkiAttribute bidi[] = {{.type = "CN", .value = "root\u202ex"}};
    const PkiAttribute *const names[] = {nul, line, bidi};

    for (size_t i = 0; i < ELEMENTSOF(names); i++) {
        CLEANUP(pki_identity_done)
        PkiIdentity identity =
            leaf(&(PkiOptions){.more = names[i], .n_more = 1, .bare_subject = true, .policies = "1.2.3"});
        CLEANUP(pki_identity_done) PkiIdentity other = leaf(&(PkiOptions){.directory = names[i], .n_directory = 1});

        assert_false(matches("<SUBJECT>root", &identity));
        assert_false(matches("<SUBJECT>.*", &identity));
        assert_true(matches("||<SUBJECT>root<POLICY>1.2.3", &identity)); /* what does match still does */
        assert_false(matches("<SAN:directoryName>root", &other));
    }
}

/* regexec(3) takes time by the square of what it looks at. */
static void test_s14_names_longer_than_any_issuer_writes_never_match(void **state) {
    (void) state;
    PkiAttribute units[20];
    char long_unit[64];
    (void) memset(long_unit, 'a', sizeof long_unit);

    for (size_t i = 0; i < ELEMENTSOF(units); i++)
        units[i] = (PkiAttribute){.type = "OU", .value = long_unit, .size = sizeof long_unit};
    CLEANUP(pki_identity_done) PkiIdentity short_enough = leaf(&(PkiOptions){.more = units, .n_more = 10});
    CLEANUP(pki_identity_done) PkiIdentity too_long = leaf(&(PkiOptions){.more = units, .n_more = ELEMENTSOF(units)});
    assert_true(matches("<SUBJECT>OU=aaa", &short_enough));
    assert_false(matches("<SUBJECT>OU=aaa", &too_long));
}

static void test_a_rule_tells_whether_it_demands_an_issuer(void **state) {
    (void) state;
    static const struct {
        const char *rule;
        bool demands;
    } rules[] = {
        {"<ISSUER>x<KU>1", true},
        {"<KU>1", false},
        {"||<ISSUER>x<KU>1", false},
        {"||<ISSUER>x<ISSUER>y", true},
    };

    for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
        CLEANUP(match_freep) MatchRule *rule = NULL;
        CLEANUP(free_pointer) char *said = NULL;
        size_t at;

        assert_int_equal(match_parse(rules[i].rule, &rule, &at, &said), 0);
        assert_int_equal(match_demands_issuer(rule), rules[i].demands);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_rule_is_refused_with_its_place),
        cmocka_unit_test(test_lists_have_known_words_only),
        cmocka_unit_test(test_a_rule_has_one_operator),
        cmocka_unit_test(test_only_known_types_of_names_and_kinds_of_rules),
        cmocka_unit_test(test_s14_expressions_that_could_take_for_ever_are_refused),
        cmocka_unit_test(test_numbers_that_are_no_repetitions_are_fine),
        cmocka_unit_test(test_repetitions_beside_each_other_are_fine),
        cmocka_unit_test(test_octets_are_compared_whatever_the_locale),
        cmocka_unit_test(test_names_match_in_rfc_4514_order),
        cmocka_unit_test(test_all_components_or_one),
        cmocka_unit_test(test_lists_want_all_their_words),
        cmocka_unit_test(test_what_is_absent_matches_no_list),
        cmocka_unit_test(test_alternative_names_match_by_their_type),
        cmocka_unit_test(test_other_names_match_by_their_octets),
        cmocka_unit_test(test_names_with_structures_match_by_their_octets),
        cmocka_unit_test(test_a_principal_of_pkinit_matches_as_it_is_written),
        cmocka_unit_test(test_s16_a_principal_that_could_be_taken_for_another_never_matches),
        cmocka_unit_test(test_a_directory_name_matches_like_the_subject),
        cmocka_unit_test(test_s16_names_with_nul_or_control_characters_never_match),
        cmocka_unit_test(test_s14_names_longer_than_any_issuer_writes_never_match),
        cmocka_unit_test(test_a_rule_tells_whether_it_demands_an_issuer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
