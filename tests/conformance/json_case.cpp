#include "json_case.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>

namespace fornax::conformance {

namespace {

using Json = nlohmann::json;

[[noreturn]] void malformed(const std::string& what) { throw Malformed(what); }

const Json& field(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) malformed(std::string("\"") + name + "\" is missing");
  return *at;
}

std::string text_of(const Json& j, const char* name) {
  if (!j.is_string()) malformed(std::string("\"") + name + "\" is not a string");
  return j.get<std::string>();
}

const Json& list_of(const Json& j, const char* name) {
  if (!j.is_array()) malformed(std::string("\"") + name + "\" is not a list");
  return j;
}

std::optional<double> special(std::string_view text) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (text == "inf") return inf;
  if (text == "-inf") return -inf;
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

double real_of(const Json& j) {
  if (j.is_boolean()) return j.get<bool>() ? 1 : 0;
  if (j.is_number()) return j.get<double>();
  const auto value = j.is_string() ? special(j.get_ref<const std::string&>()) : std::nullopt;
  if (!value) malformed("not a number: " + j.dump());
  return *value;
}

std::int64_t integer_of(const Json& j) {
  if (j.is_boolean()) return j.get<bool>() ? 1 : 0;
  if (j.is_number_float()) {
    const double value = j.get<double>();
    if (value == std::floor(value) && std::abs(value) < 0x1p62) return static_cast<std::int64_t>(value);
  }
  if (!j.is_number_integer()) malformed("not an integer: " + j.dump());
  if (j.is_number_unsigned() && j.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    malformed("beyond 64 bits: " + j.dump());
  return j.get<std::int64_t>();
}

Literal literal_of(const Json& j) {
  Literal t;
  if (!j.is_object()) malformed("a tensor is not an object: " + j.dump().substr(0, 60));
  t.dtype = parse_dtype(text_of(field(j, "dtype"), "dtype"));
  for (const Json& n : list_of(field(j, "shape"), "shape")) t.shape.push_back(integer_of(n));
  for (const Json& x : list_of(field(j, "data"), "data")) {
    if (is_float(t.dtype)) {
      t.reals.push_back(real_of(x));
    } else {
      t.integers.push_back(integer_of(x));
    }
  }
  return t;
}

std::vector<std::optional<Literal>> literals_of(const Json& object, const char* name) {
  std::vector<std::optional<Literal>> all;
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return all;
  for (const Json& t : list_of(*at, name)) all.push_back(t.is_null() ? std::nullopt : std::optional(literal_of(t)));
  return all;
}

// The elements must fill the shape. Calls that must raise an error may break this: their tensors are not checked here.
void require_filled(const Literal& t, const char* name) {
  std::int64_t count = 1;
  for (const std::int64_t n : t.shape)
    if (n < 0 || __builtin_mul_overflow(count, n, &count)) malformed(std::string("bad shape in \"") + name + "\"");
  const std::size_t given = is_float(t.dtype) ? t.reals.size() : t.integers.size();
  if (given != static_cast<std::size_t>(count))
    malformed(std::string("a tensor in \"") + name + "\" has " + std::to_string(given) + " elements, its shape needs " +
              std::to_string(count));
}

void require_filled(const std::vector<std::optional<Literal>>& tensors, const char* name) {
  for (const std::optional<Literal>& t : tensors)
    if (t) require_filled(*t, name);
}

Value value_of(const Json& j) {
  Value v;
  if (j.is_boolean()) {
    v.kind = Value::Kind::Bool;
    v.integer = j.get<bool>() ? 1 : 0;
  } else if (j.is_number_integer()) {
    v.kind = Value::Kind::Int;
    v.integer = integer_of(j);
  } else if (j.is_number_float()) {
    v.kind = Value::Kind::Float;
    v.real = j.get<double>();
  } else if (j.is_string()) {
    v.kind = Value::Kind::Text;
    v.text = j.get<std::string>();
  } else if (j.is_array()) {
    v.kind = Value::Kind::List;
    for (const Json& item : j) v.list.push_back(value_of(item));
  } else if (j.is_object()) {
    v.kind = Value::Kind::Object;
    for (const auto& [name, item] : j.items()) {
      v.names.push_back(name);
      v.list.push_back(value_of(item));
    }
  }
  return v;
}

Attrs attrs_of(const Json& j) {
  if (!j.is_object()) malformed("\"attrs\" is not an object");
  Attrs attrs;
  for (const auto& [name, value] : j.items()) attrs.set(name, value_of(value));
  return attrs;
}

Step step_of(const Json& j) {
  if (!j.is_array() || j.size() < 2) malformed("a step of a program is not [result, op, inputs...]: " + j.dump());
  Step s;
  if (j[0].is_array()) {
    for (const Json& name : j[0]) s.results.push_back(name.is_null() ? "" : text_of(name, "result"));
  } else {
    s.results.push_back(text_of(j[0], "result"));
  }
  s.op = text_of(j[1], "op");
  for (std::size_t i = 2; i < j.size(); ++i) {
    if (i + 1 == j.size() && j[i].is_object()) {
      s.attrs = attrs_of(j[i]);
    } else {
      s.inputs.push_back(text_of(j[i], "input"));
    }
  }
  return s;
}

// Every name that a step or the case reads must have been given by then.
void require_names(const Case& c) {
  std::vector<std::string> known;
  const auto require = [&](const std::string& name) {
    if (std::find(known.begin(), known.end(), name) == known.end()) malformed("nothing is called \"" + name + "\"");
  };
  for (const Input& i : c.inputs) known.push_back(i.name);
  for (const Step& s : c.steps) {
    for (const std::string& name : s.inputs) require(name);
    known.insert(known.end(), s.results.begin(), s.results.end());
  }
  for (const std::string& name : c.outputs) require(name);
}

std::optional<Tolerance> tolerance_of(const Json& j, const char* dtype) {
  const auto at = j.find(dtype);
  if (at == j.end() || at->is_null()) return std::nullopt;
  return Tolerance{real_of(field(*at, "rel")), real_of(field(*at, "abs"))};
}

void read_numeric(const Json& j, Case& c) {
  if (const auto inputs = j.find("inputs"); inputs != j.end()) {
    for (const Json& i : list_of(*inputs, "inputs")) {
      const std::string name = i.contains("name") ? text_of(i["name"], "name") : std::to_string(c.inputs.size());
      const auto grad = i.find("grad");
      c.inputs.push_back({name, literal_of(i), grad != i.end() && !grad->is_null() && integer_of(*grad) != 0});
    }
  }
  if (c.op == "program") {
    for (const Json& s : list_of(field(j, "program"), "program")) c.steps.push_back(step_of(s));
    for (const Json& name : list_of(field(j, "outputs"), "outputs")) c.outputs.push_back(text_of(name, "outputs"));
  } else {
    Step s;
    s.op = c.op;
    if (const auto attrs = j.find("attrs"); attrs != j.end() && !attrs->is_null()) s.attrs = attrs_of(*attrs);
    c.steps.push_back(std::move(s));
  }
  require_names(c);
  c.cotangents = literals_of(j, "cotangents");
  c.expected_grads = literals_of(j, "expected_grads");
  if (c.expect != Expect::Values) return;
  list_of(field(j, "expected_output"), "expected_output");
  c.expected_outputs = literals_of(j, "expected_output");
  for (const Input& i : c.inputs) require_filled(i.value, "inputs");
  require_filled(c.cotangents, "cotangents");
  require_filled(c.expected_outputs, "expected_output");
  require_filled(c.expected_grads, "expected_grads");
  if (!c.cotangents.empty() && c.cotangents.size() != c.expected_outputs.size())
    malformed("\"cotangents\" and \"expected_output\" differ in length");
  if (!c.cotangents.empty() && c.expected_grads.size() != c.inputs.size())
    malformed("\"expected_grads\" and \"inputs\" differ in length");
  c.f64 = tolerance_of(field(j, "tolerance"), "f64");
  c.f32 = tolerance_of(field(j, "tolerance"), "f32");
}

Case case_of(const Json& j) {
  if (!j.is_object()) malformed("a case is not an object");
  Case c;
  c.id = text_of(field(j, "id"), "id");
  c.op = text_of(field(j, "op"), "op");
  if (j.contains("tags"))
    for (const Json& t : list_of(j["tags"], "tags")) c.tags.push_back(text_of(t, "tags"));
  if (j.contains("expected")) {
    const std::string expected = text_of(j["expected"], "expected");
    if (expected != "error" && expected != "error_or_defined")
      malformed("\"expected\" is \"" + expected + "\", neither \"error\" nor \"error_or_defined\"");
    c.expect = expected == "error" ? Expect::Error : Expect::ErrorOrDefined;
  }
  if (c.op == "train" || c.op == "lr_schedule") {
    c.whole = attrs_of(j);  // read where they are run: each kind has fields of its own
  } else {
    read_numeric(j, c);
  }
  return c;
}

// The number of a value; nothing if it is none.
std::optional<double> number_in(const Value& v) {
  if (v.kind == Value::Kind::Float) return v.real;
  if (v.kind == Value::Kind::Int || v.kind == Value::Kind::Bool) return static_cast<double>(v.integer);
  return v.kind == Value::Kind::Text ? special(v.text) : std::nullopt;
}

Attrs members_of(const Value& v) {
  Attrs attrs;
  for (std::size_t i = 0; i < v.names.size(); ++i) attrs.set(v.names[i], v.list[i]);
  return attrs;
}

std::string describe(std::string_view name) { return "attribute \"" + std::string(name) + "\""; }

}  // namespace

bool Attrs::has(std::string_view name) const {
  const auto at = values_.find(name);
  return at != values_.end() && at->second.kind != Value::Kind::Null;
}

const Value& Attrs::at(std::string_view name) const {
  const auto at = values_.find(name);
  if (at == values_.end()) malformed(describe(name) + " is missing");
  return at->second;
}

std::int64_t Attrs::integer(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind == Value::Kind::Float && v.real == std::floor(v.real) && std::abs(v.real) < 0x1p62)
    return static_cast<std::int64_t>(v.real);
  if (v.kind != Value::Kind::Int && v.kind != Value::Kind::Bool) malformed(describe(name) + " is not an integer");
  return v.integer;
}

double Attrs::real(std::string_view name) const {
  const auto value = number_in(at(name));
  if (!value) malformed(describe(name) + " is not a number");
  return *value;
}

bool Attrs::flag(std::string_view name) const { return integer(name) != 0; }

std::int64_t Attrs::integer(std::string_view name, std::int64_t fallback) const {
  return has(name) ? integer(name) : fallback;
}
double Attrs::real(std::string_view name, double fallback) const { return has(name) ? real(name) : fallback; }
bool Attrs::flag(std::string_view name, bool fallback) const { return has(name) ? flag(name) : fallback; }

std::string Attrs::text(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind != Value::Kind::Text) malformed(describe(name) + " is not a string");
  return v.text;
}

Scalar Attrs::number(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind == Value::Kind::Bool) return v.integer != 0;
  if (v.kind == Value::Kind::Int) return v.integer;
  return real(name);
}

std::vector<std::int64_t> Attrs::integers(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind != Value::Kind::List) return {integer(name)};
  std::vector<std::int64_t> all;
  for (const Value& item : v.list) {
    if (item.kind != Value::Kind::Int) malformed(describe(name) + " has an item that is not an integer");
    all.push_back(item.integer);
  }
  return all;
}

std::vector<double> Attrs::reals(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind != Value::Kind::List) malformed(describe(name) + " is not a list");
  std::vector<double> all;
  for (const Value& item : v.list) {
    const auto value = number_in(item);
    if (!value) malformed(describe(name) + " has an item that is not a number");
    all.push_back(*value);
  }
  return all;
}

Attrs Attrs::object(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind != Value::Kind::Object) malformed(describe(name) + " is not an object");
  return members_of(v);
}

std::vector<Attrs> Attrs::objects(std::string_view name) const {
  const Value& v = at(name);
  if (v.kind != Value::Kind::List) malformed(describe(name) + " is not a list");
  std::vector<Attrs> all;
  for (const Value& item : v.list) {
    if (item.kind != Value::Kind::Object) malformed(describe(name) + " has an item that is not an object");
    all.push_back(members_of(item));
  }
  return all;
}

Literal Attrs::tensor(std::string_view name) const {
  const Attrs fields = object(name);
  Literal t;
  t.dtype = parse_dtype(fields.text("dtype"));
  t.shape = fields.integers("shape");
  if (is_float(t.dtype)) {
    t.reals = fields.reals("data");
  } else {
    t.integers = fields.integers("data");
  }
  return t;
}

std::vector<std::string> Attrs::names() const {
  std::vector<std::string> all;
  for (const auto& [name, value] : values_) all.push_back(name);
  return all;
}

Attrs read_object(const std::string& path) {
  std::ifstream file(path);
  if (!file) malformed(path + ": cannot be opened");
  try {
    return attrs_of(Json::parse(file));
  } catch (const std::exception& e) {
    malformed(path + ": " + e.what());
  }
}

TensorData Literal::tensor(DType real) const {
  const Shape sizes{std::span<const std::int64_t>(shape)};
  if (is_float(dtype)) return TensorData(reals, sizes).convert(real);
  return TensorData(integers, sizes).convert(dtype);
}

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) malformed(path + ": cannot be opened");
  std::vector<Case> cases;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      cases.push_back(case_of(Json::parse(line)));
      cases.back().directory = path.substr(0, path.rfind('/') + 1);
    } catch (const std::exception& e) {
      malformed(path + ":" + std::to_string(number) + ": " + e.what());
    }
  }
  if (file.bad()) malformed(path + ": reading failed");
  return cases;
}

}  // namespace fornax::conformance
