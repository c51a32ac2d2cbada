#pragma once
// Forward mode as a decorator: an array carries a tangent, and every operation computes that of its results beside them.
// An array of the wrapped interpreter is a constant here.

#include <fornax/array/interpreter.hpp>

namespace fornax::dual {

/// The decorator around `inner`; one for each interpreter, made on first use. Any thread may ask.
Interpreter& around(Interpreter& inner);

/// `primal` with a tangent. Throws ShapeError or DTypeError if they differ in shape or dtype, or are not Float.
Array make(Interpreter& on, Array primal, Array tangent);
/// The value of x on the wrapped interpreter.
Array primal(const Interpreter& on, const Array& x);
/// The tangent of x on the wrapped interpreter; empty if x is a constant.
Array tangent(const Interpreter& on, const Array& x);

}  // namespace fornax::dual
