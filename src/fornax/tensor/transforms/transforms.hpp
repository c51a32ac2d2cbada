#pragma once
// Function transforms: functions in, functions out.

#include <fornax/tensor/transforms/custom.hpp>
#include <fornax/tensor/transforms/forward.hpp>
#include <fornax/tensor/transforms/grad.hpp>
#include <fornax/tensor/transforms/implicit.hpp>
#include <fornax/tensor/transforms/jacobian.hpp>
#include <fornax/tensor/transforms/loop.hpp>
#include <fornax/tensor/transforms/sparse.hpp>
#include <fornax/tensor/transforms/vmap.hpp>
