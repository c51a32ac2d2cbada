#include <fornax/ops/op.hpp>

#include <fornax/ops/functions.hpp>

namespace fornax {

namespace {

template <class T>
concept NotDifferentiable = requires {
  requires !T::differentiable;
};
template <class T>
concept Lowers = requires(const T& o, const Arrays& x) {
  o.lower(x);
};
template <class T>
concept HasRule = requires(const T& o) {
  o.keep(Wanted());
};
template <class T>
concept HasBatching = requires(const T& o, const BatchedInputs& in) {
  T::batching;
}
|| requires(const T& o, const BatchedInputs& in) { o.batch(in); };

}  // namespace

std::string_view name(const Op& op) {
  return visit(op, [](const auto& o) { return o.name(); });
}

void require_fits(const Op& op, Operands inputs) {
  visit(op, [&]<class T>(const T& o) {
    if constexpr (!std::is_same_v<T, op::Custom>) static_cast<void>(o.infer(inputs));
  });
}

Derivatives derivatives(const Op& op) {
  return visit(op, []<class T>([[maybe_unused]] const T& o) {
    if constexpr (NotDifferentiable<T>) return Derivatives::None;
    if constexpr (requires { o.has_rule(); })
      if (!o.has_rule()) return Derivatives::Lowered;
    if constexpr (!HasRule<T>) return Derivatives::Lowered;
    if constexpr (std::is_same_v<T, op::Custom>)
      return Derivatives::Rule;
    else
      return has_many_results<T> ? Derivatives::Rules : Derivatives::Rule;
  });
}

bool lowers(const Op& op) {
  return visit(op, []<class T>(const T&) { return Lowers<T>; });
}

bool lower(const Op& op, Operands inputs, Arrays& result) {
  return visit(op, [&]<class T>(const T& o) {
    if constexpr (Lowers<T>) {
      Arrays x;
      for (const Operand& i : inputs) x.push_back(i.array());
      result = o.lower(x);
    }
    return Lowers<T>;
  });
}

Casting casting(const Op& op) {
  return visit(op, []<class T>(const T& o) {
    if constexpr (requires { o.casting(); }) {
      return o.casting();
    } else if constexpr (requires { T::casting; }) {
      return T::casting;
    } else {
      return Casting::AsGiven;
    }
  });
}

Keep keep(const Op& op, Wanted wanted) {
  return visit(op, [&]<class T>(const T& o) {
    if constexpr (NotDifferentiable<T> || !HasRule<T>) {
      return Keep::nothing();
    } else {
      return o.keep(wanted);
    }
  });
}

namespace {

constinit const Array not_kept;

[[gnu::noinline]] Arrays vjp_of_any(const Op& op, const Arrays& x, std::span<const Array> y, std::span<const Array> g,
                                    Wanted wanted) {
  return visit(op, [&]<class T>(const T& o) -> Arrays {
    if constexpr (std::is_same_v<T, op::Custom>) {
      return o.function->vjp_of_results(x, y, g, wanted);
    } else if constexpr (NotDifferentiable<T> || !HasRule<T>) {
      throw Error(o.name(), "has no derivative of its own; reaching this is a bug in fornax");
    } else if constexpr (has_many_results<T>) {
      return o.vjp(x, y, g, wanted);
    } else {
      return o.vjp(x, y.empty() ? not_kept : y[0], g[0], wanted);
    }
  });
}

}  // namespace

// Apart from the others, Binary's way is a jump.
Arrays vjp(const Op& op, const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) {
  if (const auto* binary = std::get_if<op::Binary>(&op)) [[likely]]
    return binary->vjp(x, y.empty() ? not_kept : y[0], g[0], wanted);
  return vjp_of_any(op, x, y, g, wanted);
}

namespace {

template <class T> bool is_linear(const T& o) {
  if constexpr (requires { o.is_linear(); }) {
    return o.is_linear();
  } else if constexpr (requires { T::linear; }) {
    return T::linear;
  } else {
    return false;
  }
}

// dy = f(dx), with zeros for what does not change.
Arrays tangent_of_linear(const Op& op, const Arrays& x, const Arrays& t) {
  Arrays dx;
  for (std::size_t i = 0; i < x.size(); ++i)
    dx.push_back(t[i].defined() ? t[i] : is_float(x[i].dtype()) ? zeros_like(x[i]) : x[i]);
  return run_all(op, lent(dx));
}

// d(ab) = da b + a db.
Arrays tangent_of_product(const Op& op, const Arrays& x, const Arrays& t) {
  Array sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!t[i].defined()) continue;
    Arrays factors = x;
    factors[i] = t[i];
    Array term = std::move(run_all(op, lent(factors))[0]);
    sum = sum.defined() ? std::move(sum) + std::move(term) : std::move(term);
  }
  return sum;
}

// Elementwise, the vjp multiplies by the same slopes as the jvp.
template <class T> Arrays tangent_of_elementwise(const T& o, const Arrays& x, const Array& y, const Arrays& t) {
  Array sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!t[i].defined()) continue;
    Wanted only;
    only.set(i);
    Array term = std::move(o.vjp(x, y, t[i], only)[i]);
    if (!term.defined()) continue;
    sum = sum.defined() ? std::move(sum) + std::move(term) : std::move(term);
  }
  return sum;
}

}  // namespace

bool jvp(const Op& op, const Arrays& x, const Arrays& y, const Arrays& t, Arrays& result) {
  return visit(op, [&]<class T>(const T& o) {
    if constexpr (std::is_same_v<T, op::Custom>) {
      return o.function->jvp(x, {y.data(), y.size()}, t, result);
    } else if constexpr (requires { o.jvp(x, y, t); }) {
      result = o.jvp(x, y, t);
    } else if constexpr (requires { o.jvp(x, y[0], t); }) {
      result = o.jvp(x, y[0], t);
    } else if constexpr (requires { T::diagonal; }) {
      result = tangent_of_elementwise(o, x, y[0], t);
    } else if constexpr (requires { T::multilinear; }) {
      result = tangent_of_product(op, x, t);
    } else {
      if (!is_linear(o)) return false;
      result = tangent_of_linear(op, x, t);
    }
    return true;
  });
}

bool batch(const Op& op, const BatchedInputs& in, Arrays& result) {
  return visit(op, [&]<class T>(const T& o) {
    if constexpr (std::is_same_v<T, op::Custom> || requires { requires T::creates; } || !HasBatching<T>) {
      return false;
    } else if constexpr (requires { o.batch(in); }) {
      result = o.batch(in);
      return true;
    } else {
      if constexpr (requires { o.batches(); })
        if (!o.batches()) return false;
      Arrays x;
      for (std::size_t i = 0; i < in.x.size(); ++i) x.push_back(in.all(i));
      if constexpr (T::batching == Batching::NextDim) {
        T behind = o;
        // A sample of rank 0 counts as a row of one element.
        const bool scalars = in.rank(0) == 0;
        if (scalars)
          for (Array& a : x) a = reshape(a, Shape{in.size, 1});
        if (behind.dim >= 0) ++behind.dim;
        result = run_all(behind, lent(x));
        if (scalars)
          for (Array& y : result)
            if (y.numel() == in.size) y = reshape(y, Shape{in.size});
      } else {
        result = run_all(op, lent(x));
      }
      return true;
    }
  });
}

}  // namespace fornax
