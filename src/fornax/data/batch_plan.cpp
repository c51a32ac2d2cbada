#include <string>

#include <fornax/array/error.hpp>
#include <fornax/data/loader.hpp>

namespace fornax::data {

namespace {

constexpr std::uint64_t kBuckets = 0x6275636b657473;  // a stream apart from that of the items

void cut(BatchPlan& plan, std::int64_t from, std::int64_t to, std::int64_t size) {
  for (std::int64_t at = from; at < to; at += size) plan.ends.push_back(std::min(at + size, to));
}

// Batches in random order, each with its items.
BatchPlan shuffled(const BatchPlan& plan, std::uint64_t seed) {
  BatchPlan out;
  for (const std::int64_t batch : permutation(plan.batches(), seed)) {
    out.items.insert(out.items.end(), plan.items.begin() + plan.begin_of(batch),
                     plan.items.begin() + plan.end_of(batch));
    out.ends.push_back(static_cast<std::int64_t>(out.items.size()));
  }
  return out;
}

}  // namespace

namespace detail {

void check_options(const LoaderOptions& options, std::int64_t n) {
  constexpr std::string_view operation = "DataLoader";
  if (options.batch_size < 1)
    throw ValueError(operation, "batch_size is " + std::to_string(options.batch_size) + "; at least 1 is needed");
  if (!options.lengths.empty() && static_cast<std::int64_t>(options.lengths.size()) != n)
    throw ValueError(operation,
                     std::to_string(options.lengths.size()) + " lengths for " + std::to_string(n) + " items");
  if (options.bucket_batches < 1)
    throw ValueError(operation,
                     "bucket_batches is " + std::to_string(options.bucket_batches) + "; at least 1 is needed");
}

std::uint64_t fingerprint(const LoaderOptions& options, std::int64_t n) {
  std::uint64_t hash = Random(options.sampler.fingerprint(), static_cast<std::uint64_t>(n), options.seed).next();
  hash = Random(hash, static_cast<std::uint64_t>(options.batch_size), options.drop_last ? 1 : 0).next();
  if (options.lengths.empty()) return hash;
  hash = Random(hash, static_cast<std::uint64_t>(options.bucket_batches)).next();
  for (const std::int64_t length : options.lengths) hash = Random(hash, static_cast<std::uint64_t>(length)).next();
  return hash;
}

}  // namespace detail

BatchPlan plan_batches(const LoaderOptions& options, std::int64_t n, std::int64_t epoch) {
  detail::check_options(options, n);
  BatchPlan plan;
  plan.items = options.sampler.order(n, epoch);
  const auto total = static_cast<std::int64_t>(plan.items.size());
  if (options.lengths.empty()) {
    cut(plan, 0, total, options.batch_size);
  } else {
    const std::int64_t run = std::min(options.bucket_batches, total / options.batch_size + 1) * options.batch_size;
    for (std::int64_t from = 0; from < total; from += run) {
      const std::int64_t to = std::min(from + run, total);
      std::ranges::stable_sort(plan.items.begin() + from, plan.items.begin() + to, {},
                               [&](std::int64_t item) { return options.lengths[static_cast<std::size_t>(item)]; });
      cut(plan, from, to, options.batch_size);
    }
  }
  if (options.drop_last && !plan.ends.empty() &&
      plan.end_of(plan.batches() - 1) - plan.begin_of(plan.batches() - 1) < options.batch_size)
    plan.ends.pop_back();
  if (!options.lengths.empty())
    plan = shuffled(plan, Random(options.seed, static_cast<std::uint64_t>(epoch), kBuckets).next());
  return plan;
}

}  // namespace fornax::data
