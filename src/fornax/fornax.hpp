#pragma once
// All of fornax's public surface.

#include <fornax/array/autocast.hpp>
#include <fornax/decorators/check/tag.hpp>
#include <fornax/decorators/fusion/tag.hpp>
#include <fornax/functional/functional.hpp>
#include <fornax/nn/nn.hpp>
#include <fornax/optim/optim.hpp>
#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/gradcheck.hpp>
#include <fornax/tensor/tensor.hpp>
#include <fornax/tensor/trace.hpp>
#include <fornax/tensor/transforms/transforms.hpp>
