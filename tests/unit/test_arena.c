#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "worker/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    enum { PIECES = 500 };
    struct arena *arena = arena_new(100);
    unsigned char *pieces[PIECES];
    (void)state;

    assert_non_null(arena);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_take(arena, i + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t b = 0; b <= i; b++)
            assert_int_equal(pieces[i][b], 0);
        memset(pieces[i], (int)(i & 0xFF), i + 1);
    }
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(pieces[i][i], i & 0xFF);
    arena_free(arena);
}

static void a_piece_may_be_larger_than_any_block(void **state)
{
    struct arena *arena = arena_new(16);
    char *large = arena_take(arena, 1 << 20);
    (void)state;

    assert_non_null(large);
    large[(1 << 20) - 1] = 'x';
    assert_non_null(arena_take(arena, 8));
    arena_free(arena);
}

static void an_empty_piece_is_not_a_failure(void **state)
{
    struct arena *arena = arena_new(0);
    (void)state;

    assert_non_null(arena_take(arena, 0));
    assert_non_null(arena_copy(arena, SLICE("")).ptr);
    assert_non_null(arena_take_array(arena, 0, 16));
    arena_free(arena);
}

static void impossible_sizes_are_refused(void **state)
{
    struct arena *arena = arena_new(0);
    (void)state;

    assert_null(arena_take(arena, SIZE_MAX));
    assert_null(arena_take_array(arena, SIZE_MAX / 2, 4));
    assert_null(arena_new(SIZE_MAX));
    arena_free(arena);
}

static void a_copy_is_its_own(void **state)
{
    char text[] = "hello";
    struct arena *arena = arena_new(64);
    struct slice copy = arena_copy(arena, slice_of(text));
    (void)state;

    text[0] = 'j';
    assert_true(slice_equals(copy, SLICE("hello")));
    arena_free(arena);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_may_be_larger_than_any_block),
        cmocka_unit_test(an_empty_piece_is_not_a_failure),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(a_copy_is_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
