#include <fornax/decorators/trace/layout.hpp>

#include <algorithm>
#include <numeric>

namespace fornax::trace {

namespace {

constexpr double kGap = 18;

// Boxes, and points where lines cross rows.
struct Item {
  double width = 0, x = 0;
  std::size_t row = 0;
  std::vector<std::size_t> above, below;
};

using Rows = std::vector<std::vector<std::size_t>>;

double mean_x(const std::vector<Item>& items, const std::vector<std::size_t>& neighbours, double otherwise) {
  if (neighbours.empty()) return otherwise;
  double sum = 0;
  for (const std::size_t n : neighbours) sum += items[n].x;
  return sum / static_cast<double>(neighbours.size());
}

// Side by side in this order, with the least sum of squared distances from where each wants to be. Less the room that
// those to the left need, positions must not fall: so neighbours that do are pooled at their mean (isotonic regression).
void place_row(std::vector<Item>& items, const std::vector<std::size_t>& row, const std::vector<double>& wanted) {
  struct Pool {
    double sum;
    std::size_t count;
  };
  std::vector<Pool> pools;
  std::vector<double> room(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) room[i] = room[i - 1] + (items[row[i - 1]].width + items[row[i]].width) / 2 + kGap;
    pools.push_back({wanted[i] - room[i], 1});
    const auto mean = [&](std::size_t from_end) {
      const Pool& p = pools[pools.size() - from_end];
      return p.sum / static_cast<double>(p.count);
    };
    while (pools.size() > 1 && mean(2) > mean(1)) {
      pools[pools.size() - 2].sum += pools.back().sum;
      pools[pools.size() - 2].count += pools.back().count;
      pools.pop_back();
    }
  }
  std::size_t i = 0;
  for (const Pool& p : pools)
    for (std::size_t k = 0; k < p.count; ++k, ++i) items[row[i]].x = p.sum / static_cast<double>(p.count) + room[i];
}

enum class Sweep { Order, Straighten };

void sweep(std::vector<Item>& items, Rows& rows, bool down, Sweep what) {
  for (std::size_t k = 0; k < rows.size(); ++k) {
    std::vector<std::size_t>& row = rows[down ? k : rows.size() - 1 - k];
    if (row.empty()) continue;
    const auto wanted_by = [&](std::size_t i) {
      const Item& item = items[i];
      const double near = mean_x(items, down ? item.above : item.below, item.x);
      return what == Sweep::Order ? near : (near + mean_x(items, down ? item.below : item.above, near)) / 2;
    };
    std::vector<std::pair<double, std::size_t>> order;
    for (const std::size_t i : row) order.emplace_back(wanted_by(i), i);
    if (what == Sweep::Order)
      std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<double> wanted;
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = order[i].second;
      wanted.push_back(order[i].first);
    }
    place_row(items, row, wanted);
  }
}

}  // namespace

Drawing lay_out(const std::vector<double>& widths, double row_height,
                const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  std::vector<Item> items(widths.size());
  for (std::size_t i = 0; i < widths.size(); ++i) items[i].width = widths[i];
  std::vector<std::vector<std::size_t>> into(widths.size()), out_of(widths.size());
  for (const auto& [a, b] : edges) {
    into[b].push_back(a);
    out_of[a].push_back(b);
  }
  for (std::size_t b = 0; b < widths.size(); ++b)
    for (const std::size_t a : into[b]) items[b].row = std::max(items[b].row, items[a].row + 1);
  // As low as possible where that makes no lines longer: weights stand beside what uses them, not at the top.
  for (std::size_t a = widths.size(); a-- > 0;) {
    if (out_of[a].empty() || into[a].size() > out_of[a].size()) continue;
    std::size_t first = ~std::size_t{0};
    for (const std::size_t b : out_of[a]) first = std::min(first, items[b].row);
    items[a].row = first - 1;
  }

  // A line through several rows gets a point in each.
  std::vector<std::vector<std::size_t>> chains;
  for (const auto& [a, b] : edges) {
    std::vector<std::size_t> chain{a};
    for (std::size_t row = items[a].row + 1; row < items[b].row; ++row) {
      chain.push_back(items.size());
      items.push_back({2, 0, row, {}, {}});
    }
    chain.push_back(b);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      items[chain[i]].below.push_back(chain[i + 1]);
      items[chain[i + 1]].above.push_back(chain[i]);
    }
    chains.push_back(std::move(chain));
  }
  Rows rows;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].row >= rows.size()) rows.resize(items[i].row + 1);
    rows[items[i].row].push_back(i);
  }
  for (const auto& row : rows) place_row(items, row, std::vector<double>(row.size(), 0.0));
  for (int round = 0; round < 6; ++round) {
    sweep(items, rows, true, Sweep::Order);
    sweep(items, rows, false, Sweep::Order);
  }
  for (int round = 0; round < 20; ++round) {
    sweep(items, rows, true, Sweep::Straighten);
    sweep(items, rows, false, Sweep::Straighten);
  }

  double left = 0, right = 0;
  for (const Item& i : items) {
    left = std::min(left, i.x - i.width / 2);
    right = std::max(right, i.x + i.width / 2);
  }
  Drawing d;
  d.width = right - left + 2 * kGap;
  d.height = static_cast<double>(rows.size()) * row_height;
  const auto point = [&](std::size_t i) {
    return Drawing::Point{items[i].x - left + kGap, (static_cast<double>(items[i].row) + 0.5) * row_height};
  };
  for (std::size_t i = 0; i < widths.size(); ++i) d.centres.push_back(point(i));
  for (const auto& chain : chains) {
    std::vector<Drawing::Point>& route = d.routes.emplace_back();
    for (const std::size_t i : chain) route.push_back(point(i));
  }
  return d;
}

}  // namespace fornax::trace
