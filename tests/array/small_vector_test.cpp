// SmallVector: elements inside it up to N, on the heap beyond, each made and destroyed once.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/small_vector.hpp>

namespace fornax::test {
namespace {

// Counts its living copies.
struct Tracked {
  static inline int alive = 0;
  int value = 0;

  Tracked() { ++alive; }
  Tracked(int v) : value(v) { ++alive; }  // NOLINT: implicit for brevity
  Tracked(const Tracked& other) : value(other.value) { ++alive; }
  Tracked(Tracked&& other) noexcept : value(std::exchange(other.value, -1)) { ++alive; }
  Tracked& operator=(const Tracked&) = default;
  Tracked& operator=(Tracked&&) = default;
  ~Tracked() { --alive; }
};

using Vector = SmallVector<Tracked, 3>;

Vector counting(int n) {
  Vector v;
  for (int i = 0; i < n; ++i) v.push_back(i);
  return v;
}

std::vector<int> values(const Vector& v) {
  std::vector<int> all;
  for (const Tracked& t : v) all.push_back(t.value);
  return all;
}

std::vector<int> up_to(int n) {
  std::vector<int> all;
  for (int i = 0; i < n; ++i) all.push_back(i);
  return all;
}

bool inside(const Vector& v) {
  const auto* at = reinterpret_cast<const std::byte*>(v.data());
  const auto* self = reinterpret_cast<const std::byte*>(&v);
  return at >= self && at < self + sizeof(v);
}

TEST(SmallVector, HoldsUpToNElementsInsideItself) {
  for (int n = 0; n < 10; ++n) {
    const Vector v = counting(n);
    EXPECT_EQ(v.size(), static_cast<std::size_t>(n));
    EXPECT_EQ(v.empty(), n == 0);
    EXPECT_EQ(inside(v), n <= 3) << n;
    EXPECT_EQ(values(v), up_to(n));
  }
  EXPECT_EQ(Tracked::alive, 0);
}

TEST(SmallVector, CopiesAndMovesInlineAndOnTheHeap) {
  for (const int n : {0, 1, 3, 4, 9}) {
    {
      Vector a = counting(n);
      const Vector copy = a;
      EXPECT_EQ(values(copy), up_to(n));
      EXPECT_EQ(values(a), up_to(n));
      const auto* data = a.data();
      const Vector moved = std::move(a);
      EXPECT_EQ(values(moved), up_to(n));
      EXPECT_EQ(moved.data() == data, n > 3) << "the heap block changes hands";
      EXPECT_EQ(a.size(), 0u);  // NOLINT: a moved-from vector is empty and usable
      a.push_back(7);
      EXPECT_EQ(a[0].value, 7);
      EXPECT_EQ(Tracked::alive, 2 * n + 1);
    }
    EXPECT_EQ(Tracked::alive, 0);
  }
}

TEST(SmallVector, IsAssignedFromAnyOther) {
  for (const int from : {0, 2, 3, 8}) {
    for (const int to : {0, 2, 3, 8}) {
      Vector a = counting(to), b = counting(to);
      const Vector source = counting(from);
      a = source;
      EXPECT_EQ(values(a), up_to(from));
      b = counting(from);
      EXPECT_EQ(values(b), up_to(from));
      EXPECT_EQ(values(source), up_to(from));
      Vector& alias = a;
      a = alias;
      EXPECT_EQ(values(a), up_to(from));
      a = std::move(alias);
      EXPECT_EQ(values(a), up_to(from));
    }
  }
  EXPECT_EQ(Tracked::alive, 0);
}

TEST(SmallVector, GrowsByResizeReserveAndEmplace) {
  Vector v;
  v.reserve(100);
  const auto* data = v.data();
  for (int i = 0; i < 100; ++i) v.push_back(i);
  EXPECT_EQ(v.data(), data) << "reserved space is not left";
  v.resize(105);
  EXPECT_EQ(v.size(), 105u);
  EXPECT_EQ(v[104].value, 0);
  EXPECT_EQ(v.emplace_back(5).value, 5);
  v.pop_back();
  EXPECT_EQ(v.size(), 105u);
  v.clear();
  EXPECT_TRUE(v.empty());
  EXPECT_EQ(Tracked::alive, 0);
}

TEST(SmallVector, TakesOneOrSeveralElementsAtOnce) {
  EXPECT_EQ(values(Vector(Tracked(5))), (std::vector<int>{5}));
  EXPECT_EQ(values(Vector(Tracked(5), 6, Tracked(7))), (std::vector<int>{5, 6, 7}));
}

TEST(SmallVector, TakesElementsThatCanOnlyMove) {
  SmallVector<std::unique_ptr<int>, 2> v;
  for (int i = 0; i < 5; ++i) v.push_back(std::make_unique<int>(i));
  auto moved = std::move(v);
  EXPECT_EQ(*moved[4], 4);
}

TEST(SmallVector, TakesItsOwnElementWhileItGrows) {
  SmallVector<std::string, 2> v;
  v.push_back("a string that is too long to live inside its handle");
  for (int i = 0; i < 10; ++i) v.push_back(v[0]);
  for (const std::string& s : v) EXPECT_EQ(s, v[0]);
}

}  // namespace
}  // namespace fornax::test
