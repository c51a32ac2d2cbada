#pragma once
// LAPACK and BLAS by their Fortran names, for float and double. Matrices there are column-major: the row-major memory of
// an array, read that way, holds the transpose. Character arguments bring their lengths along, last and unseen in
// Fortran.

#include <cstddef>

namespace fornax::cpu {

/// The routines for elements of type T.
template <class T> struct Lapack;

// NOLINTBEGIN(bugprone-macro-parentheses): T is a type, P a part of a name
#define FORNAX_LAPACK(T, P)                                                                                            \
  extern "C" {                                                                                                         \
  void P##gemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,            \
                const T* alpha, const T* a, const int* lda, const T* b, const int* ldb, const T* beta, T* c,           \
                const int* ldc, std::size_t, std::size_t);                                                             \
  void P##trsm_(const char* side, const char* uplo, const char* transpose, const char* unit, const int* m,             \
                const int* n, const T* alpha, const T* a, const int* lda, T* b, const int* ldb, std::size_t,           \
                std::size_t, std::size_t, std::size_t);                                                                \
  void P##potrf_(const char* uplo, const int* n, T* a, const int* lda, int* info, std::size_t);                        \
  void P##getrf_(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);                            \
  void P##getrs_(const char* transpose, const int* n, const int* k, const T* a, const int* lda, const int* pivots,     \
                 T* b, const int* ldb, int* info, std::size_t);                                                        \
  void P##geqrf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);      \
  void P##orgqr_(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work,                \
                 const int* lwork, int* info);                                                                         \
  void P##syevd_(const char* job, const char* uplo, const int* n, T* a, const int* lda, T* w, T* work,                 \
                 const int* lwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);                \
  void P##geev_(const char* job_left, const char* job_right, const int* n, T* a, const int* lda, T* wr, T* wi,         \
                T* left, const int* ldl, T* right, const int* ldr, T* work, const int* lwork, int* info, std::size_t,  \
                std::size_t);                                                                                          \
  void P##gesdd_(const char* job, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt, \
                 const int* ldvt, T* work, const int* lwork, int* iwork, int* info, std::size_t);                      \
  void P##gesvd_(const char* job_u, const char* job_vt, const int* m, const int* n, T* a, const int* lda, T* s, T* u,  \
                 const int* ldu, T* vt, const int* ldvt, T* work, const int* lwork, int* info, std::size_t,            \
                 std::size_t);                                                                                         \
  }                                                                                                                    \
  template <> struct Lapack<T> {                                                                                       \
    static constexpr auto gemm = P##gemm_;                                                                             \
    static constexpr auto trsm = P##trsm_;                                                                             \
    static constexpr auto potrf = P##potrf_;                                                                           \
    static constexpr auto getrf = P##getrf_;                                                                           \
    static constexpr auto getrs = P##getrs_;                                                                           \
    static constexpr auto geqrf = P##geqrf_;                                                                           \
    static constexpr auto orgqr = P##orgqr_;                                                                           \
    static constexpr auto syevd = P##syevd_;                                                                           \
    static constexpr auto geev = P##geev_;                                                                             \
    static constexpr auto gesdd = P##gesdd_;                                                                           \
    static constexpr auto gesvd = P##gesvd_;                                                                           \
  };

FORNAX_LAPACK(float, s)
FORNAX_LAPACK(double, d)
#undef FORNAX_LAPACK
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace fornax::cpu
