#include "kernels/reduction.h"

namespace xnnir {

Result<DimMask> dim_mask(const std::optional<Dims> &dims, size_t rank, const char *name) {
  if (!dims.has_value() || dims->size() == 0)
    return all_dims(rank);
  DimMask mask = 0;
  for (size_t i = 0; i < dims->size(); ++i) {
    Result<size_t> dim = normalize_dim((*dims)[i], rank, name);
    if (!dim.ok())
      return dim.status();
    if ((mask >> *dim & 1) != 0)
      return make_status(StatusCode::kInvalidArgument, "%s has dimension %zu twice", name, *dim);
    mask |= DimMask{1} << *dim;
  }
  return mask;
}

DimMask all_dims(size_t rank) { return (DimMask{1} << rank) - 1; }

Dims reduced_sizes(const Tensor &self, DimMask reduced, bool keepdim) {
  Dims sizes;
  for (size_t i = 0; i < self.rank(); ++i) {
    if ((reduced >> i & 1) == 0)
      sizes.append(self.sizes()[i]);
    else if (keepdim)
      sizes.append(1);
  }
  return sizes;
}

void ReductionPlan::Loops::prepend(Loop loop) {
  count *= loop.size;
  if (loop.size == 1)
    return;
  if (depth > 0 && items[0].stride * items[0].size == loop.stride) {
    items[0].size *= loop.size;
    return;
  }
  for (size_t i = depth++; i > 0; --i)
    items[i] = items[i - 1];
  items[0] = loop;
}

size_t ReductionPlan::Loops::offset(size_t index, size_t skipped) const {
  size_t offset = 0;
  for (size_t i = depth < skipped ? 0 : depth - skipped; i-- > 0;) {
    offset += index % items[i].size * items[i].stride;
    index /= items[i].size;
  }
  return offset;
}

ReductionPlan plan_reduction(const Tensor &self, DimMask reduced) {
  ReductionPlan plan;
  size_t stride = 1;
  for (size_t i = self.rank(); i-- > 0;) {
    const size_t size = static_cast<size_t>(self.sizes()[i]);
    ((reduced >> i & 1) != 0 ? plan.reduced : plan.kept).prepend({size, stride});
    stride *= size;
  }
  return plan;
}

} // namespace xnnir
