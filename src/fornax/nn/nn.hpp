#pragma once
// Networks: modules, configs and layers.

#include <fornax/nn/conv.hpp>
#include <fornax/nn/dropout.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/norm.hpp>
#include <fornax/nn/state.hpp>
#include <fornax/nn/summary.hpp>
