#pragma once
// What the functions of this room share: checks, and the small compositions that several of them are made of.

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/functions/statistics.hpp>
#include <fornax/ops/generator.hpp>

namespace fornax::functional::impl {

// --- Checks: each throws an error that names the operation ------------------------------------------------------------

void require_defined(std::string_view operation, std::initializer_list<const Array*> x);
/// Defined, Float, and of one dtype and device.
void require_floats(std::string_view operation, std::initializer_list<const Array*> x);
/// The same, of shapes that broadcast; the shape that they have together.
Shape require_broadcast(std::string_view operation, std::initializer_list<const Array*> x);
void require_rank(std::string_view operation, std::string_view what, const Array& x, int rank);
void require_shape(std::string_view operation, std::string_view what, const Array& x, const Shape& shape);
/// value > 0, and finite.
void require_positive(std::string_view operation, std::string_view what, double value);
/// value >= 0, and finite.
void require_not_negative(std::string_view operation, std::string_view what, double value);
/// 0 <= value <= 1.
void require_probability(std::string_view operation, std::string_view what, double value);

using Numbers = std::vector<std::int64_t>;
/// The values of an Int array.
Numbers integers_of(std::string_view operation, std::string_view what, const Array& x);
/// Those of an array [samples], each in [0, longest].
Numbers lengths_of(std::string_view operation, std::string_view what, const Array& x, std::int64_t samples,
                   std::int64_t longest);

/// f(), whose error E names the function that was called, not the operation inside it: for what only a kernel can see,
/// such as a position out of range or a singular matrix.
template <class E = IndexError, class F> auto in_name_of(std::string_view operation, const F& f) {
  try {
    return f();
  } catch (const E& e) {
    throw E(operation, std::string_view(e.what()).substr(e.operation().size() + 2));  // behind "name: "
  }
}

/// Where so many draws start: in the generator's stream, or in that of the device's own.
Draw draw_of(const Array& beside, std::int64_t elements, Generator* generator);
/// Independent draws beside an array, from the generator or from the device's own.
Array draws(const Array& beside, const Shape& shape, DType dtype, const Distribution& distribution,
            Generator* generator);

// --- Dims ---------------------------------------------------------------------------------------------------------------

Array unsqueeze(const Array& x, std::int64_t dim);
Array squeeze(const Array& x, std::int64_t dim);
/// The sum along a dim, which goes away.
Array sum_along(const Array& x, std::int64_t dim);
/// Dims a to b (included) as one.
Array merged(const Array& x, int a, int b);
Array joined(std::span<const Array> parts, std::int64_t dim);
/// The parts along a new dim.
Array stacked(std::span<const Array> parts, std::int64_t dim);
/// The slices along a dim, without it. Taken by halves: the gradient of n slices then costs log n passes over x, where
/// n slices of the whole would cost n.
std::vector<Array> unstacked(const Array& x, std::int64_t dim);

// --- Elementwise --------------------------------------------------------------------------------------------------------

inline Array absolute(Operand x) { return unary(UnaryFn::Abs, x); }
inline Array square(Operand x) { return unary(UnaryFn::Square, x); }
/// max(x, low); the gradient passes at the bound.
Array at_least(Operand x, double low);
/// Between the bounds, with gradient 0 on them, as hardtanh has it; clamp's is 1.
Array between(const Array& x, double low, double high);

}  // namespace fornax::functional::impl
