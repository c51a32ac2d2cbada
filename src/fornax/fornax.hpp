#pragma once
// All of fornax's public surface.

#include <fornax/functional/einsum.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/functional/signal.hpp>
#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>
