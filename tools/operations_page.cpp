// Prints docs/operations.md: what every operation is, from the index (ops.def), its rules, and catalog.def.
// Ends with 1 if catalog.def and the index do not name the same operations.

#include <iostream>
#include <map>
#include <string>

#include <support/samples.hpp>

namespace fornax::test {
namespace {

using std::string;
using std::string_view;

struct Description {
  string_view page, name, meaning, shapes, torch, jax, burn;
};
constexpr Description kCatalog[] = {
#define FORNAX_DESCRIBE(page, name, meaning, shapes, torch, jax, burn) \
  {#page, #name, meaning, shapes, torch, jax, burn},
#include <fornax/ops/catalog.def>
#undef FORNAX_DESCRIBE
};

const Description* described(string_view page, string_view name) {
  for (const Description& d : kCatalog)
    if (d.page == page && d.name == name) return &d;
  return nullptr;
}

// The dtypes that the shape rule takes, for any sample of the operation: by kind where a kind is whole.
string dtypes(const std::vector<const Case*>& samples) {
  const auto taken = [&](DType t) {
    for (const Case* c : samples)
      if (with_dtype(*c, t)) return true;
    return false;
  };
  string text;
  const auto add = [&](string_view kind, auto in_kind) {
    string some;
    bool whole = true;
    for (int i = 0; i < kDTypeCount; ++i) {
      const auto t = static_cast<DType>(i);
      if (!in_kind(t)) continue;
      if (taken(t))
        some += (some.empty() ? "" : ", ") + string(name(t));
      else
        whole = false;
    }
    if (!some.empty()) text += (text.empty() ? "" : ", ") + (whole ? string(kind) : some);
  };
  add("Float", [](DType t) { return is_float(t); });
  add("Int", [](DType t) { return is_int(t); });
  add("Bool", [](DType t) { return t == DType::Bool; });
  return text;
}

// True if the result is Float for some sample: only then is there anything to differentiate.
bool has_slope(const std::vector<const Case*>& samples) {
  for (const Case* c : samples) {
    if (!differentiable(c->op)) return false;
    std::vector<TensorData> data;
    bool any_float = false;
    for (const SampleInput& i : c->inputs) {
      data.emplace_back(i.shape, i.dtype);
      any_float = any_float || is_float(i.dtype);
    }
    const std::vector<Array> x = upload(data);
    for (const Spec& s : infer(c->op, lend(x)))
      if (any_float && is_float(s.dtype)) return true;
  }
  return false;
}

// How forward mode and vmap come about (op.cpp).
string forward_rule(const std::vector<const Case*>& samples) {
  if (!has_slope(samples)) return "no";
  return visit(samples[0]->op, []<class T>(const T& o) -> string {
    if constexpr (requires(const Arrays& x) { o.jvp(x, x[0], x); }) {
      return "own rule";
    } else if constexpr (requires { T::diagonal; }) {
      return "elementwise";
    } else if constexpr (requires { T::multilinear; }) {
      return "multilinear";
    } else if constexpr (requires { o.is_linear(); }) {
      return "linear for assign and add, else from reverse";
    } else if constexpr (requires { T::linear; }) {
      return "linear";
    } else if constexpr (requires(const Arrays& x) { o.lower(x); }) {
      return "lowered";
    } else {
      return "from reverse";
    }
  });
}

string batching_rule(const Op& op) {
  return visit(op, []<class T>(const T& o) -> string {
    if constexpr (std::is_same_v<T, op::Custom> || requires { requires T::creates; }) {
      return "none";
    } else if constexpr (requires(const BatchedInputs& in) { o.batch(in); }) {
      return "own rule";
    } else {
      if constexpr (requires { T::batching; })
        return T::batching == Batching::NextDim ? "dim moves on" : "leading dim";
      else
        return "lowered";
    }
  });
}

string_view notes_of(const Op& op) {
  if (const auto* o = std::get_if<op::Unary>(&op)) return notes(o->fn);
  if (const auto* o = std::get_if<op::Binary>(&op)) return notes(o->fn);
  if (const auto* o = std::get_if<op::WithScalar>(&op)) return notes(o->fn);
  return {};
}

string cell(string_view text) {
  string escaped;
  for (const char c : text) escaped += c == '|' ? string("\\|") : string(1, c);
  return " " + escaped + " |";
}

using Group = std::vector<const Case*>;

// The samples of each operation by name, in the order of the index.
std::vector<Group> by_name(string_view page) {
  std::vector<Group> groups;
  for (const Case& c : all_cases()) {
    if (c.page != page) continue;
    const auto at =
        std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return name(g[0]->op) == name(c.op); });
    if (at == groups.end())
      groups.push_back({&c});
    else
      at->push_back(&c);
  }
  return groups;
}

bool complete = true;

// The operation's row of catalog.def; null, and said, if there is none.
const Description* row_of(string_view page, const Op& op) {
  const Description* d = described(page, name(op));
  if (!d) std::cerr << page << " " << name(op) << " has no row in catalog.def\n";
  complete = complete && d;
  return d;
}

void print_elementwise(string_view page) {
  std::cout
      << "| name | f | dtypes | derivative | conventions | PyTorch | JAX | Burn |\n|---|---|---|---|---|---|---|---|\n";
  for (const Group& g : by_name(page)) {
    const Op& op = g[0]->op;
    const Description* d = row_of(page, op);
    if (!d) continue;
    std::cout << "| `" << name(op) << "` |" << cell(d->meaning) << cell(dtypes(g)) << cell(has_slope(g) ? "yes" : "no")
              << cell(notes_of(op)) << cell(d->torch) << cell(d->jax) << cell(d->burn) << "\n";
  }
}

// One row for each function; the name alone does not tell s - x from x - s, the formula does.
void print_with_number() {
  std::cout << "| name | f | dtypes | derivative |\n|---|---|---|---|\n";
  for (int i = 0; i < kScalarCount; ++i) {
    const auto fn = static_cast<ScalarFn>(i);
    Group g;
    for (const Case& c : all_cases())
      if (const auto* o = std::get_if<op::WithScalar>(&c.op); o && o->fn == fn) g.push_back(&c);
    string formula(notes(fn));
    if (formula.empty()) formula = "as for two arrays";
    std::cout << "| `" << name(g[0]->op) << "` |" << cell(formula) << cell(dtypes(g))
              << cell(has_slope(g) ? "yes" : "no") << "\n";
  }
}

void print_page(string_view page) {
  for (const Group& g : by_name(page)) {
    const Op& op = g[0]->op;
    const Description* d = row_of(page, op);
    if (!d) continue;
    const bool creates = g[0]->inputs.empty();
    std::cout << "| `" << name(op) << "` |" << cell(d->meaning) << cell(d->shapes)
              << cell(creates ? "a setting" : dtypes(g)) << cell(has_slope(g) ? "yes" : "no") << cell(forward_rule(g))
              << cell(batching_rule(op)) << cell(d->torch) << cell(d->jax) << cell(d->burn) << "\n";
  }
}

void print() {
  std::cout << R"(# Operations

Every operation of the index, `src/fornax/ops/ops.def`. This page is printed by `tools/operations_page.cpp`; the dtypes are
those that the shape rules take, the derivatives and batching rules those that are there. Functions that are composed of
operations have no row: they have all derivatives that their parts have.

- **dtypes**: of the inputs that carry values. Float: f64, f32, f16, bf16. Int: i64, i32, i16, i8, u8. Positions are of any Int.
- **derivative**: in reverse mode, and so in all nestings. What is 0 everywhere counts as one.
- **forward**: how forward mode has its rule. *linear*: the operation on the tangent; *multilinear*: the product rule;
  *elementwise*: the slopes of reverse mode; *from reverse*: the transpose of the reverse rule;
  *lowered*: that of the simpler operations which a fused one stands for.
- **vmap**: *leading dim*: as it is, with one more dim in front; *dim moves on*: likewise, along the next dim;
  *lowered*: as above.
- PyTorch's names are in `torch`, JAX's in `jax.numpy` (`lax`, `nn` and others said), Burn's are methods of `Tensor`.

Singular points: [singular-points.md](singular-points.md).

## Elementwise, of one array

Shapes: any. Forward mode: elementwise. vmap: leading dim.

)";
  print_elementwise("Unary");
  std::cout << R"(
## Elementwise, of two arrays

Shapes: two of one shape; the functions and operators that users call broadcast first. Forward mode: elementwise. vmap: leading
dim.

)";
  print_elementwise("Binary");
  std::cout << R"(
## Elementwise, of an array and a number

x is the array, s the number; it takes the dtype of the array, and a Float number does not meet an Int array. Shapes: any.
Forward mode: elementwise. vmap: leading dim.

)";
  print_with_number();
  std::cout << "\n## Others\n\n| name | what | shapes | dtypes | derivative | forward | vmap | PyTorch | JAX | Burn "
               "|\n|---|---|---|---|---|---|---|---|---|---|\n";
#define FORNAX_OP(name)                                                                                      \
  if (string_view(#name) != "Unary" && string_view(#name) != "Binary" && string_view(#name) != "WithScalar") \
    print_page(#name);
#include <fornax/ops/ops.def>
#undef FORNAX_OP
  for (const Description& d : kCatalog) {
    bool found = false;
    for (const Case& c : all_cases()) found = found || (c.page == d.page && name(c.op) == d.name);
    if (!found) std::cerr << "catalog.def describes " << d.page << " " << d.name << ", which no sample has\n";
    complete = complete && found;
  }
}

}  // namespace
}  // namespace fornax::test

int main() {
  fornax::test::print();
  return fornax::test::complete ? 0 : 1;
}
