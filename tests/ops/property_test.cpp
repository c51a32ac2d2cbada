// What every operation of the index keeps, whatever its inputs' memory, ownership, dtype and size. The cases come from
// the samples on each operation's page; op::Custom has none and is tested in custom_test.cpp.

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <support/layouts.hpp>
#include <support/samples.hpp>

namespace fornax::test {
namespace {

void expect_promised(const std::vector<Array>& y, const Specs& promised) {
  ASSERT_EQ(y.size(), promised.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y[i].shape(), promised[i].shape) << y[i].shape().str() << " against " << promised[i].shape.str();
    EXPECT_EQ(y[i].dtype(), promised[i].dtype);
    EXPECT_EQ(y[i].device(), promised[i].device);
  }
}

// Elementwise, except for what moves elements without arithmetic: a result of 16 bits is the f32 result rounded once.
bool rounds_once(const Case& c) {
  return c.page != "MatMul" && c.page != "Linear" && c.page != "Scatter" && c.page != "SelectAssign";
}

TEST(Index, EveryPageHasSamplesThatItsShapeRuleTakes) {
  for (const Case& c : all_cases()) EXPECT_TRUE(fits(c)) << c.label();
  EXPECT_EQ(pages().size(), std::variant_size_v<OpVariant> - 1) << "a page without samples; Custom has none by design";
}

TEST(Index, EveryDifferentiablePageHasAFloatSample) {
  std::set<std::string_view> with_float;
  for (const Case& c : all_cases())
    for (const SampleInput& i : c.inputs)
      if (is_float(i.dtype)) with_float.insert(c.page);
  for (const std::string_view page : pages(true)) EXPECT_TRUE(with_float.contains(page)) << page;
}

TEST(EveryOperation, DeliversTheShapeAndDtypeThatItsRulePromises) {
  Tally tally("shape rule");
  Random random(1);
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.label());
    const std::vector<Array> x = upload(draw(c, random));
    expect_promised(execute(c.op, lend(x)), infer(c.op, lend(x)));
    tally.ran(c);
  }
  for (const Case& c : all_variants()) {
    SCOPED_TRACE(c.label());
    const std::vector<Array> x = upload(draw(c, random));
    expect_promised(execute(c.op, lend(x)), infer(c.op, lend(x)));
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages());
}

TEST(EveryOperation, GivesTheSameBitsForTransposedReversedStridedAndRepeatedInputs) {
  Tally tally("layouts");
  Random random(2);
  for (const Case& c : all_variants()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> data = draw(c, random);
    const std::vector<TensorData> expected = to_data(execute(c.op, lend(upload(data))));
    for (const Layout layout : kLayouts) {
      std::vector<Array> x;
      for (const TensorData& d : data) x.push_back(with_layout(d, layout));
      ASSERT_EQ(to_data(x), data) << "the views do not hold the values";
      EXPECT_EQ(to_data(execute(c.op, lend(x))), expected) << "layout " << static_cast<int>(layout);
      // Given away, a view's memory may not be written as if it were contiguous, nor beyond the view.
      EXPECT_EQ(to_data(execute(c.op, give(x))), expected) << "given, layout " << static_cast<int>(layout);
      tally.ran(c);
    }
    // Matrices with equal rows have no inverse and no order of their eigenvectors.
    if (std::any_of(c.inputs.begin(), c.inputs.end(), [](const auto& i) { return i.structure != Structure::None; }))
      continue;
    std::vector<Array> repeated, plain;
    for (const TensorData& d : data) {
      const std::optional<Array> view = with_repeated_rows(d);
      repeated.push_back(view ? *view : upload(d));
      plain.push_back(upload(repeated.back().to_data()));
    }
    const std::vector<TensorData> before = to_data(repeated);
    EXPECT_EQ(to_data(execute(c.op, lend(repeated))), to_data(execute(c.op, lend(plain)))) << "stride 0";
    EXPECT_EQ(to_data(repeated), before);
    EXPECT_EQ(to_data(execute(c.op, give(repeated))), to_data(execute(c.op, lend(plain)))) << "given, stride 0";
  }
  for (const std::string_view page : pages())
    EXPECT_TRUE(tally.pages().contains(page) || page == "Full" || page == "Arange" || page == "Random") << page;
}

TEST(EveryOperation, GivesTheSameBitsForGivenOperandsAndLeavesLentOnesAlone) {
  Tally tally("given operands");
  Random random(3);
  for (const Case& c : all_variants()) {
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> data = draw(c, random);
    const std::vector<Array> lent = upload(data);
    const std::vector<TensorData> expected = to_data(execute(c.op, lend(lent)));
    EXPECT_EQ(to_data(lent), data) << "a lent input changed";

    std::vector<Array> given = upload(data);
    EXPECT_EQ(to_data(execute(c.op, give(given))), expected);
    for (const Array& a : given) EXPECT_FALSE(a.defined()) << "a given handle is empty after the call";

    // Given by one holder while another still looks at it.
    std::vector<Array> shared = lent;
    EXPECT_EQ(to_data(execute(c.op, give(shared))), expected);
    EXPECT_EQ(to_data(lent), data) << "an input with two holders changed";

    // One given, the others lent.
    for (std::size_t i = 0; i < lent.size(); ++i) {
      std::vector<Operand> operands = lend(lent);
      Array own = upload(data[i]);
      operands[i] = Operand(std::move(own));
      EXPECT_EQ(to_data(execute(c.op, operands)), expected) << "input " << i << " given";
      EXPECT_EQ(to_data(lent), data) << "input " << i << " given";
    }
    tally.ran(c);
  }
}

// --- Dtypes -----------------------------------------------------------------------------------------------------------

// f32 arithmetic rounds by 2^-24 of the largest value in play, and libm's f32 functions by one or two units; the longest
// sums here (thousands of terms) join in double after blocks of 1024, whose 16 lanes add 64 terms each at most.
constexpr double kF32Tolerance = 64 * 0x1p-24;

double largest(const TensorData& data) {
  double most = 1;
  for (std::int64_t i = 0; i < data.numel(); ++i)
    if (std::isfinite(data[i])) most = std::max(most, std::abs(data[i]));
  return most;
}

TEST(EveryOperation, AgreesInF32WithF64) {
  Tally tally("f32 against f64");
  Random random(4);
  for (const Case& c : all_variants()) {
    const auto is_f32 = [](const SampleInput& i) { return i.dtype == DType::F32 && !i.wide; };
    if (std::none_of(c.inputs.begin(), c.inputs.end(), is_f32)) continue;
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> narrow_data = draw(c, random);
    std::vector<TensorData> wide_data;
    for (const TensorData& d : narrow_data) wide_data.push_back(d.dtype() == DType::F32 ? d.convert(DType::F64) : d);
    const std::vector<TensorData> y = to_data(execute(c.op, lend(upload(narrow_data))));
    const std::vector<TensorData> wide = to_data(execute(c.op, lend(upload(wide_data))));
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (y[i].dtype() == DType::F32) {
        EXPECT_NO_THROW(y[i].assert_approx_eq(wide[i], kF32Tolerance, kF32Tolerance * largest(wide[i])));
      } else {
        EXPECT_EQ(y[i], wide[i].convert(y[i].dtype()));
      }
    }
    tally.ran(c);
  }
}

TEST(EveryOperation, ComputesSixteenBitFloatsInF32AndRoundsOnce) {
  Tally tally("16-bit floats against f32");
  Random random(5);
  for (const Case& c : all_variants()) {
    const auto is_small = [](DType t) { return t == DType::F16 || t == DType::BF16; };
    if (std::none_of(c.inputs.begin(), c.inputs.end(), [&](const SampleInput& i) { return is_small(i.dtype); }))
      continue;
    if (c.page == "Cast") continue;  // converts without computing; values_test.cpp has its rules
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> data = draw(c, random);
    std::vector<TensorData> wide_data;
    for (const TensorData& d : data) wide_data.push_back(is_small(d.dtype()) ? d.convert(DType::F32) : d);
    const std::vector<TensorData> all = to_data(execute(c.op, lend(upload(data))));
    const std::vector<TensorData> all_wide = to_data(execute(c.op, lend(upload(wide_data))));
    for (std::size_t i = 0; i < all.size(); ++i) {
      const TensorData &y = all[i], &wide = all_wide[i];
      const bool keeps_rest = c.page == "CrossEntropy" && i == 1;  // a number, and what rounding it to the dtype lost
      if (rounds_once(c) && !keeps_rest) {
        EXPECT_EQ(y, wide.convert(y.dtype()));
      } else {
        // Additions to one place round each time, and a product's terms may be joined in another order: at most four
        // roundings here, of half a unit each.
        const double unit = y.dtype() == DType::F16 ? 0x1p-10 : 0x1p-7;
        EXPECT_NO_THROW(y.assert_approx_eq(wide.convert(y.dtype()), 2 * unit, 2 * unit * largest(wide)));
      }
    }
    tally.ran(c);
  }
}

TEST(EveryOperation, AgreesInEveryIntDtypeWithI64UpToWrapping) {
  Tally tally("Int dtypes against i64");
  Random random(6);
  for (const Case& c : all_variants()) {
    // The narrow dtype of the case, if it is one.
    bool narrow = false;
    for (std::size_t i = 0; i < c.inputs.size(); ++i)
      narrow = narrow || (is_int(c.inputs[i].dtype) && c.inputs[i].dtype != DType::I64 && !is_index(c.op, i));
    if (!narrow) continue;
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> data = draw(c, random);
    std::vector<TensorData> wide_data;
    for (const TensorData& d : data) wide_data.push_back(is_int(d.dtype()) ? d.convert(DType::I64) : d);
    const std::vector<TensorData> y = to_data(execute(c.op, lend(upload(data))));
    const std::vector<TensorData> wide = to_data(execute(c.op, lend(upload(wide_data))));
    for (std::size_t i = 0; i < y.size(); ++i)
      EXPECT_EQ(y[i], wide[i].convert(y[i].dtype())) << y[i].str() << "\nagainst\n" << wide[i].str();
    tally.ran(c);
  }
}

// --- Sizes ------------------------------------------------------------------------------------------------------------

TEST(EveryOperation, TakesSizesOfZeroOrRefusesThemByName) {
  Tally tally("sizes of 0");
  Random random(7);
  for (const Case& sample : all_variants(Sizes::Sampled)) {
    for (std::int64_t size = 1; size <= 6; ++size) {
      const std::optional<Case> c = resized(sample, size, 0);
      if (!c) continue;
      SCOPED_TRACE(c->label());
      const std::vector<Array> x = upload(draw(*c, random));
      try {
        const std::vector<Array> y = execute(c->op, lend(x));
        expect_promised(y, infer(c->op, lend(x)));
        for (const Array& result : y) EXPECT_EQ(result.to_data().numel(), result.numel());
        tally.ran(*c);
      } catch (const IndexError& e) {  // positions in a dim that has none
        EXPECT_EQ(e.operation(), name(c->op));
      }
    }
  }
  // These carry a shape or bounds among their settings, which a smaller input does not fit: values_test.cpp has them.
  const std::set<std::string_view> fixed = {"Full", "Arange", "Random", "Broadcast", "Reshape", "Slice", "SliceAssign"};
  for (const std::string_view page : pages()) EXPECT_TRUE(tally.pages().contains(page) || fixed.contains(page)) << page;
}

TEST(EveryOperation, TakesOneElement) {
  Tally tally("one element");
  Random random(8);
  for (const Case& sample : all_variants(Sizes::Sampled)) {
    Case c = sample;
    for (std::int64_t size = 2; size <= 6; ++size)
      if (const std::optional<Case> smaller = resized(c, size, 1)) c = *smaller;
    SCOPED_TRACE(c.label());
    const std::vector<TensorData> data = draw(c, random);
    const std::vector<Array> y = execute(c.op, lend(upload(data)));
    expect_promised(y, infer(c.op, lend(upload(data))));
    tally.ran(c);

    // Without dims, where the operation needs none: the same value.
    bool single = y.size() == 1 && y[0].numel() == 1;
    for (SampleInput& i : c.inputs) {
      single = single && i.shape.numel() == 1;
      i.shape = Shape{};
    }
    if (!single || !fits(c)) continue;
    std::vector<TensorData> flat;
    for (const TensorData& d : data) flat.push_back(d.reshape(Shape{}));
    EXPECT_EQ(execute(c.op, lend(upload(flat)))[0].to_data().reshape(Shape{1}), y[0].to_data().reshape(Shape{1}));
  }
}

// --- Errors -----------------------------------------------------------------------------------------------------------

// Runs the operation with given operands, expects a refusal that names it, and that the operands survive.
void expect_refusal(const Case& c, std::vector<Array> x) {
  const std::vector<TensorData> before = to_data(x);
  try {
    static_cast<void>(run(c.op, give(x)));
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.operation(), name(c.op)) << e.what();
    EXPECT_TRUE(std::string_view(e.what()).starts_with(e.operation() + ": ")) << e.what();
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_TRUE(x[i].defined()) << "a refused call took input " << i;
    EXPECT_EQ(x[i].to_data(), before[i]);
  }
}

TEST(EveryOperation, RefusesAWrongNumberOfInputsByName) {
  Tally tally("number of inputs");
  Random random(9);
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(c.label());
    std::vector<Array> x = upload(draw(c, random));
    if (c.page == "Cat") {
      expect_refusal(c, {});  // any number but none
    } else {
      std::vector<Array> more = x;
      more.push_back(x.empty() ? upload(TensorData({1.0})) : x[0]);
      expect_refusal(c, more);
      if (!x.empty()) x.pop_back();
      if (!c.inputs.empty()) expect_refusal(c, x);
    }
    tally.ran(c);
  }
  EXPECT_EQ(tally.pages(), pages());
}

TEST(EveryOperation, RefusesAnInputOfAnotherDtypeThanTheRestByName) {
  Tally tally("dtypes of one input");
  Random random(10);
  for (const Case& c : all_cases()) {
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      for (int t = 0; t < kDTypeCount; ++t) {
        const auto dtype = static_cast<DType>(t);
        Case changed = c;
        changed.inputs[i].dtype = dtype;
        if (dtype == c.inputs[i].dtype || fits(changed)) continue;
        SCOPED_TRACE(changed.label());
        const std::vector<Array> x = upload(draw(changed, random));
        EXPECT_THROW(infer(c.op, lend(x)), DTypeError);
        expect_refusal(c, x);
        tally.ran(c);
      }
      // Inputs that are data, not positions or masks, have one dtype.
      if (is_index(c.op, i) || c.inputs[i].dtype == DType::Bool) continue;
      for (std::size_t j = i + 1; j < c.inputs.size(); ++j) {
        if (is_index(c.op, j) || c.inputs[j].dtype == DType::Bool) continue;
        Case changed = c;
        changed.inputs[j].dtype = c.inputs[j].dtype == DType::F64 ? DType::F32 : DType::I32;
        EXPECT_FALSE(fits(changed)) << changed.label();
      }
    }
  }
}

}  // namespace
}  // namespace fornax::test
