// Segments of a plan as machine code, by Xbyak.
#ifdef FORNAX_WITH_XBYAK

#include <algorithm>
#include <map>
#include <utility>

#include <xbyak/xbyak.h>

#include <fornax/cpu/fused/compiled/compiled.hpp>
#include <fornax/cpu/fused/compiled/formulas.hpp>
#include <fornax/cpu/fused/compiled/registers.hpp>
#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

namespace {

using fused::Code;

constexpr int kLanes = 16;
// Of 32 vectors one is for the moment; of 8 masks one means "all" and one marks the lanes of a last, incomplete vector.
constexpr int kVectors = 31, kMasks = 6;
constexpr int kAhead = 12 << 10;  // bytes ahead that a memory answers in time
constexpr std::size_t kMostBytesOfOp = 32, kFrameBytes = 1024;

/// What becomes a segment.
struct Draft {
  std::size_t begin, end;
  VectorCode code;
  std::vector<VectorId> first;  // operation of each step
  std::vector<Place> places, streamed;
  std::vector<std::uint8_t> sizes;  // of the places' elements
  std::vector<MachineOp> ops;
  int unroll = 1;

  std::uint32_t place(Place p, std::size_t size) {
    const auto at = std::find(places.begin(), places.end(), p);
    if (at != places.end()) return static_cast<std::uint32_t>(at - places.begin());
    places.push_back(p);
    sizes.push_back(static_cast<std::uint8_t>(size));
    return static_cast<std::uint32_t>(places.size() - 1);
  }
  std::size_t bytes() const {
    const auto leaves = std::count_if(ops.begin(), ops.end(), [](const MachineOp& op) { return is_leaf(op.fn); });
    return kFrameBytes + ops.size() * kMostBytesOfOp * static_cast<std::size_t>(unroll + 1) + ops.size() * 4 * 3 +
           static_cast<std::size_t>(leaves) * kLanes * 4;
  }
};

bool reads(const Step& s, Place p) { return std::find(s.x, s.x + s.count, p) != s.x + s.count; }

// Whether some step from `from` on reads what lies in a register before another value takes its place.
bool read_later(const Plan& plan, Place p, std::size_t from) {
  for (std::size_t i = from; i < plan.steps.size(); ++i) {
    if (reads(plan.steps[i], p)) return true;
    if (plan.steps[i].y == p) return false;
  }
  return false;
}

/// A slope that is computed with its function, and waits in a register of its own for the step that multiplies by it: what
/// lies between them, a norm say, is not compiled, so that they are in different segments.
struct Carried {
  std::size_t from, to;
  Place place;
};

std::vector<Carried> carried_slopes(const Plan& plan) {
  std::vector<Carried> all;
  const std::vector<Step>& steps = plan.steps;
  auto next = static_cast<Place>(plan.inputs + plan.outputs + plan.registers);
  for (std::size_t to = 0; to < steps.size(); ++to) {
    if (!slope_is_of_argument(steps[to]) || !has_formula(steps[to])) continue;
    bool cut = false;
    for (std::size_t i = to; i-- > 0 && steps[i].y != steps[to].x[1];) {
      cut = cut || !has_formula(steps[i]);
      const bool same = steps[i].code == Code::Unary && steps[i].fn == steps[to].fn && steps[i].x[0] == steps[to].x[1];
      if (!same) continue;
      if (cut) all.push_back({i, to, next++});
      break;
    }
  }
  return all;
}

Draft drafted(const Plan& plan, const std::vector<Carried>& carried, std::size_t begin, std::size_t end) {
  Draft d{begin, end, {}, {}, {}, {}, {}, {}};
  const std::size_t first_register = plan.inputs + plan.outputs;
  std::map<Place, VectorId> known;
  for (std::size_t i = begin; i < end; ++i) {
    const Step& s = plan.steps[i];
    d.first.push_back(static_cast<VectorId>(d.code.ops().size()));
    Vector x[3] = {{&d.code, 0}, {&d.code, 0}, {&d.code, 0}};
    for (std::size_t k = 0; k < s.count; ++k) {
      const auto at = known.find(s.x[k]);
      if (at == known.end()) {
        const VectorFn load = s.from[k] == DType::Bool ? VectorFn::LoadBool : VectorFn::Load;
        const std::uint32_t place = d.place(s.x[k], size_of(s.from[k]));
        x[k].id = known[s.x[k]] = d.code.add(load, place);
        // Rows have been read already.
        if (load == VectorFn::Load && s.x[k] < plan.inputs && plan.expected[s.x[k]] && !takes_rows(s.code))
          d.code.add(VectorFn::Expect, place);
      } else {
        x[k].id = at->second;
      }
    }
    Vector numbers[kNumbers] = {{&d.code, 0}, {&d.code, 0}, {&d.code, 0}, {&d.code, 0}};
    for (std::uint32_t k = 0; has_setting(s.code) && k < kNumbers; ++k)
      numbers[k].id = d.code.add(VectorFn::Number, static_cast<std::uint32_t>(kNumbers) * s.setting + k);
    const auto arrives = std::find_if(carried.begin(), carried.end(), [&](const Carried& c) { return c.to == i; });
    const auto load_slope = [&] {
      return Vector{&d.code, d.code.add(VectorFn::Load, d.place(arrives->place, sizeof(float)))};
    };
    const Vector made = arrives != carried.end() ? x[0] * load_slope()
                        : takes_rows(s.code)     ? *row_formula(s, x, numbers)
                                                 : formula(s, x, numbers);
    const VectorId y = made.id;
    for (const Carried& c : carried)
      if (c.from == i)
        d.code.add(VectorFn::Store, d.place(c.place, sizeof(float)), slope_factor(plan.steps[c.to], x[0]).id);
    known[s.y] = y;
    const bool is_bool = s.dtype == DType::Bool;
    // The last value of a register that is read behind the segment has to be there; an output in any case.
    bool stays = s.y < first_register;
    if (!stays) {
      const auto again = std::find_if(plan.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                      plan.steps.begin() + static_cast<std::ptrdiff_t>(end),
                                      [&](const Step& later) { return later.y == s.y; });
      stays = again == plan.steps.begin() + static_cast<std::ptrdiff_t>(end) && read_later(plan, s.y, end);
    }
    const std::size_t size = size_of(s.dtype);
    if (stays) d.code.add(is_bool ? VectorFn::StoreBool : VectorFn::Store, d.place(s.y, size), y);
    if (s.streamed == kNowhere) continue;
    d.code.add(is_bool ? VectorFn::StoreBool : VectorFn::Stream, d.place(s.streamed, size), y);
    if (!is_bool) d.streamed.push_back(s.streamed);
  }
  d.ops = select_instructions(d.code);
  return d;
}

// As many of the steps from `begin` on as the registers suffice for; two vectors side by side, if they do for that.
Draft fitting(const Plan& plan, const std::vector<Carried>& carried, std::size_t begin, std::size_t end) {
  while (true) {
    Draft d = drafted(plan, carried, begin, end);
    const std::vector<MachineOp> in_order = d.ops;
    for (d.unroll = 2; d.unroll > 0; --d.unroll) {
      const auto unroll = static_cast<std::size_t>(d.unroll);
      d.ops = interleaved(in_order);
      if (!assign_registers(d.ops, kVectors / unroll, kMasks / unroll)) return d;
      d.ops = in_order;
      if (unroll == 2 && !assign_registers(d.ops, kVectors / 2, kMasks / 2)) return d;
    }
    d.unroll = 1;
    const std::optional<VectorId> full = assign_registers(d.ops, kVectors, kMasks);
    if (!full) return d;
    while (end > begin && d.first[end - begin - 1] > *full) --end;
    --end;
    if (end <= begin) return drafted(plan, carried, begin, begin);
  }
}

class Assembler : public Xbyak::CodeGenerator {
 public:
  Assembler(const Draft& draft, std::byte* to, std::size_t bytes) : CodeGenerator(bytes, to), draft_(draft) {
    for (const Xbyak::Reg64& r : kSaved) push(r);
    lea(rax, ptr[rip + table_]);
    for (std::size_t p = 0; p < std::min(draft.places.size(), std::size(kPointers)); ++p)
      mov(kPointers[p], ptr[rdi + static_cast<int>(8 * p)]);
    std::size_t used = 0;
    for (const MachineOp& op : draft.ops)
      if (!gives_mask(op.fn) && !is_store(op.fn)) used = std::max(used, std::size_t{op.register_} + 1);
    residents_ = resident_leaves(draft.ops, used * static_cast<std::size_t>(draft.unroll), kVectors);
    for (const ResidentLeaf& r : residents_) vbroadcastss(Xbyak::Zmm(r.register_), leaf(r.fn, r.immediate, false));
    xor_(ecx, ecx);
    const int step = kLanes * draft.unroll;
    Xbyak::Label body, rest, rest_body, done;
    mov(r10, rdx);
    and_(r10, -step);
    jz(rest, T_NEAR);
    align(32);
    L(body);
    emit(draft.unroll, false);
    add(rcx, step);
    cmp(rcx, r10);
    jl(body, T_NEAR);
    L(rest);
    L(rest_body);
    mov(r10, rdx);
    sub(r10, rcx);
    jle(done, T_NEAR);
    mov(r11d, kLanes);
    cmp(r10, r11);
    cmovg(r10, r11);
    mov(r11d, -1);
    bzhi(r10d, r11d, r10d);
    kmovw(k1, r10d);
    emit(1, true);
    add(rcx, kLanes);
    jmp(rest_body, T_NEAR);
    L(done);
    for (std::size_t i = std::size(kSaved); i-- > 0;) pop(kSaved[i]);
    vzeroupper();
    ret();
    align(64);
    L(table_);
    for (const std::uint32_t bits : constants_) dd(bits);
    align(64);
    L(wide_table_);
    for (const std::uint32_t bits : wide_constants_)
      for (int i = 0; i < kLanes; ++i) dd(bits);
  }

 private:
  inline static const Xbyak::Reg64 kSaved[] = {Xbyak::util::rbx, Xbyak::util::rbp, Xbyak::util::r12,
                                               Xbyak::util::r13, Xbyak::util::r14, Xbyak::util::r15};
  inline static const Xbyak::Reg64 kPointers[] = {Xbyak::util::r8,  Xbyak::util::r9,  Xbyak::util::rbx,
                                                  Xbyak::util::rbp, Xbyak::util::r12, Xbyak::util::r13,
                                                  Xbyak::util::r14, Xbyak::util::r15};

  Xbyak::Zmm vector(const MachineOperand& x, int u) const { return Xbyak::Zmm(x.register_ * unroll_ + u); }
  Xbyak::Opmask mask(std::uint16_t r, int u) const { return Xbyak::Opmask(2 + r * unroll_ + u); }
  Xbyak::Opmask mask(const MachineOperand& x, int u) const { return mask(x.register_, u); }

  // A leaf, which is the same in all lanes.
  Xbyak::Address leaf(VectorFn fn, std::uint32_t immediate, bool broadcast) {
    const Xbyak::AddressFrame& frame = broadcast ? ptr_b : ptr;
    if (fn == VectorFn::Number) return frame[rsi + static_cast<int>(4 * immediate)];
    return frame[rax + 4 * index_in(constants_, immediate)];
  }

  static int index_in(std::vector<std::uint32_t>& table, std::uint32_t bits) {
    auto at = std::find(table.begin(), table.end(), bits);
    if (at == table.end()) at = table.insert(at, bits);
    return static_cast<int>(at - table.begin());
  }

  // A constant lies there for all lanes: to spread one number over a register takes a turn of the arithmetic, where an operand
  // in memory does not.
  void load(const Xbyak::Zmm& to, VectorFn fn, std::uint32_t immediate) {
    if (fn == VectorFn::Number) return vbroadcastss(to, leaf(fn, immediate, false));
    if (immediate == 0) return vpxord(to, to, to);
    vmovaps(to, ptr[rip + wide_table_ + 4 * kLanes * index_in(wide_constants_, immediate)]);
  }

  const ResidentLeaf* resident(VectorFn fn, std::uint32_t immediate) const {
    for (const ResidentLeaf& r : residents_)
      if (r.fn == fn && r.immediate == immediate) return &r;
    return nullptr;
  }

  /// f(operand): a register, or memory.
  template <class F> void with(const MachineOperand& x, int u, const F& f) {
    if (!x.in_memory) return f(vector(x, u));
    if (const ResidentLeaf* r = resident(x.leaf, x.immediate)) return f(Xbyak::Zmm(r->register_));
    f(leaf(x.leaf, x.immediate, true));
  }

  // The u-th vector from the present element on.
  Xbyak::Address element(std::uint32_t place, int u, int size, int further = 0) {
    Xbyak::Reg64 base = r11;
    if (place < std::size(kPointers))
      base = kPointers[place];
    else
      mov(base, ptr[rdi + static_cast<int>(8 * place)]);
    return ptr[base + rcx * size + u * kLanes * size + further];
  }

  void emit(int unroll, bool masked) {
    unroll_ = unroll;
    for (const MachineOp& op : draft_.ops)
      for (int u = 0; u < unroll; ++u) emit(op, u, masked);
  }

  void emit(const MachineOp& op, int u, bool masked) {
    const Xbyak::Zmm d(op.register_ * unroll_ + u), passing(31);
    const Xbyak::Xmm passing_bytes(31);
    const auto& x = op.x;
    const auto one = [&](auto&& f) { f(d, vector(x[0], u)); };
    const auto two = [&](auto&& f) { with(x[1], u, [&](const Xbyak::Operand& b) { f(d, vector(x[0], u), b); }); };
    using Z = const Xbyak::Zmm&;
    using O = const Xbyak::Operand&;
    switch (op.fn) {
      case VectorFn::Constant:
      case VectorFn::Number:
        if (const ResidentLeaf* r = resident(op.fn, op.immediate)) return vmovaps(d, Xbyak::Zmm(r->register_));
        return load(d, op.fn, op.immediate);
      case VectorFn::Load:
        return masked ? vmovups(d | k1 | T_z, element(op.immediate, u, 4)) : vmovups(d, element(op.immediate, u, 4));
      case VectorFn::LoadBool:
        if (masked)
          vmovdqu8(passing_bytes | k1 | T_z, element(op.immediate, u, 1));
        else
          vmovdqu8(passing_bytes, element(op.immediate, u, 1));
        return vptestmb(mask(op.register_, u), passing_bytes, passing_bytes);
      case VectorFn::Store:
        return masked ? vmovups(element(op.immediate, u, 4) | k1, vector(x[0], u))
                      : vmovups(element(op.immediate, u, 4), vector(x[0], u));
      case VectorFn::Stream:
        return masked ? vmovups(element(op.immediate, u, 4) | k1, vector(x[0], u))
                      : vmovntps(element(op.immediate, u, 4), vector(x[0], u));
      // Into the second cache: the first one has no room for rows that come later.
      case VectorFn::Expect: return masked ? void() : prefetcht1(element(op.immediate, u, 4, kAhead));
      case VectorFn::StoreBool:
        vpmovm2b(passing_bytes, mask(x[0], u));
        vpabsb(passing_bytes, passing_bytes);  // -1 is true
        return masked ? vmovdqu8(element(op.immediate, u, 1) | k1, passing_bytes)
                      : vmovdqu8(element(op.immediate, u, 1), passing_bytes);
      case VectorFn::Add: return two([&](Z y, Z a, O b) { vaddps(y, a, b); });
      case VectorFn::Sub: return two([&](Z y, Z a, O b) { vsubps(y, a, b); });
      case VectorFn::Mul: return two([&](Z y, Z a, O b) { vmulps(y, a, b); });
      case VectorFn::Div: return two([&](Z y, Z a, O b) { vdivps(y, a, b); });
      case VectorFn::Min: return two([&](Z y, Z a, O b) { vminps(y, a, b); });
      case VectorFn::Max: return two([&](Z y, Z a, O b) { vmaxps(y, a, b); });
      case VectorFn::And: return two([&](Z y, Z a, O b) { vpandd(y, a, b); });
      case VectorFn::Or: return two([&](Z y, Z a, O b) { vpord(y, a, b); });
      case VectorFn::Xor: return two([&](Z y, Z a, O b) { vpxord(y, a, b); });
      case VectorFn::AddInt: return two([&](Z y, Z a, O b) { vpaddd(y, a, b); });
      case VectorFn::SubInt: return two([&](Z y, Z a, O b) { vpsubd(y, a, b); });
      case VectorFn::Scale: return two([&](Z y, Z a, O b) { vscalefps(y, a, b); });
      case VectorFn::Fma:
      case VectorFn::NegFma: return multiply_add(op, u, d);
      case VectorFn::Sqrt: return one([&](Z y, Z a) { vsqrtps(y, a); });
      case VectorFn::Round: return one([&](Z y, Z a) { vrndscaleps(y, a, static_cast<std::uint8_t>(op.immediate)); });
      case VectorFn::ShiftLeft: return one([&](Z y, Z a) { vpslld(y, a, static_cast<std::uint8_t>(op.immediate)); });
      case VectorFn::ShiftRight: return one([&](Z y, Z a) { vpsrad(y, a, static_cast<std::uint8_t>(op.immediate)); });
      case VectorFn::FromInt: return one([&](Z y, Z a) { vcvtdq2ps(y, a); });
      case VectorFn::Choose: {
        const Xbyak::Opmask where = mask(x[0], u);
        return with(x[1], u, [&](O a) { vblendmps(d | where, vector(x[2], u), a); });
      }
      case VectorFn::HasSign: return vpmovd2m(mask(op.register_, u), vector(x[0], u));
      case VectorFn::Compare: {
        const auto predicate = static_cast<std::uint8_t>(op.immediate);
        return with(x[1], u, [&](O b) { vcmpps(mask(op.register_, u), vector(x[0], u), b, predicate); });
      }
      case VectorFn::MaskAnd: return kandw(mask(op.register_, u), mask(x[0], u), mask(x[1], u));
      case VectorFn::MaskOr: return korw(mask(op.register_, u), mask(x[0], u), mask(x[1], u));
      case VectorFn::MaskXor: return kxorw(mask(op.register_, u), mask(x[0], u), mask(x[1], u));
    }
  }

  // d = x0 x1 + x2, one of which lies in d if it ends here, and one of which may lie in memory.
  void multiply_add(const MachineOp& op, int u, const Xbyak::Zmm& d) {
    const auto at = [&](int k) { return vector(op.x[k], u); };
    const auto is_d = [&](int k) { return !op.x[k].in_memory && op.x[k].register_ == op.register_; };
    const bool negative = op.fn == VectorFn::NegFma;
    const auto emit = [&](int form, const Xbyak::Zmm& second, const MachineOperand& third) {
      with(third, u, [&](const Xbyak::Operand& t) {
        switch (form) {
          case 132: return negative ? vfnmadd132ps(d, second, t) : vfmadd132ps(d, second, t);
          case 213: return negative ? vfnmadd213ps(d, second, t) : vfmadd213ps(d, second, t);
          default: return negative ? vfnmadd231ps(d, second, t) : vfmadd231ps(d, second, t);
        }
      });
    };
    if (is_d(0)) return op.x[1].in_memory ? emit(132, at(2), op.x[1]) : emit(213, at(1), op.x[2]);
    if (is_d(1)) return emit(213, at(0), op.x[2]);
    if (!is_d(2)) {
      if (op.x[1].in_memory || !op.x[2].in_memory) {
        vmovaps(d, at(2));
      } else {
        vmovaps(d, at(0));
        return emit(213, at(1), op.x[2]);
      }
    }
    emit(231, at(0), op.x[1]);
  }

  const Draft& draft_;
  Xbyak::Label table_, wide_table_;
  std::vector<std::uint32_t> constants_, wide_constants_;
  std::vector<ResidentLeaf> residents_;
  int unroll_ = 1;
};

// Worth it: several steps, one that would write its result twice, or one that is a long formula.
bool pays(const Draft& d, const Plan& plan) {
  constexpr std::size_t kLong = 10;
  if (d.ops.empty()) return false;
  const Step& first = plan.steps[d.begin];
  return d.end - d.begin > 1 || first.streamed != kNowhere || (d.ops.size() > kLong && !takes_rows(first.code));
}

std::vector<Draft> drafts_of(const Plan& plan, const std::vector<Carried>& carried) {
  std::vector<Draft> drafts;
  const std::size_t n = plan.steps.size();
  for (std::size_t i = 0; i < n;) {
    std::size_t end = has_row_formula(plan.steps[i]) ? i + 1 : i;
    while (end < n && plan.steps[end].code != Code::Reduce && has_formula(plan.steps[end])) ++end;
    if (end == i) {
      ++i;
      continue;
    }
    Draft d = fitting(plan, carried, i, end);
    i = std::max(d.end, i + 1);
    if (pays(d, plan)) drafts.push_back(std::move(d));
  }
  return drafts;
}

}  // namespace

bool can_compile() { return isa() == Isa::Avx512; }

std::unique_ptr<const Compiled> compile(const Plan& plan) {
  std::vector<Carried> carried = carried_slopes(plan);
  std::vector<Draft> drafts = drafts_of(plan, carried);
  const auto covered = [&](std::size_t step) {
    return std::any_of(drafts.begin(), drafts.end(), [&](const Draft& d) { return d.begin <= step && step < d.end; });
  };
  if (!std::all_of(carried.begin(), carried.end(),
                   [&](const Carried& c) { return covered(c.from) && covered(c.to); })) {
    carried.clear();
    drafts = drafts_of(plan, carried);
  }
  if (drafts.empty()) return nullptr;
  std::size_t bytes = 0;
  for (const Draft& d : drafts) bytes += d.bytes();
  CodePages pages(bytes);
  if (!pages.data()) return nullptr;
  std::vector<Segment> segments;
  std::byte* to = pages.data();
  for (const Draft& d : drafts) {
    Segment s{d.begin, d.end, takes_rows(plan.steps[d.begin].code),   d.places,
              d.sizes, {},    reinterpret_cast<Segment::Function>(to)};
    for (const Place p : d.streamed)
      s.streamed.push_back(static_cast<std::size_t>(std::find(s.places.begin(), s.places.end(), p) - s.places.begin()));
    try {
      Assembler(d, to, d.bytes());
    } catch (const Xbyak::Error&) {
      return nullptr;
    }
    segments.push_back(std::move(s));
    to += d.bytes();
  }
  if (!pages.close()) return nullptr;
  return std::make_unique<const Compiled>(Compiled{std::move(pages), std::move(segments), carried.size()});
}

}  // namespace fornax::cpu

#endif
