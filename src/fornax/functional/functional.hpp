#pragma once
// Functions on tensors: every header of this room that users call.

#include <fornax/functional/activation.hpp>
#include <fornax/functional/attention.hpp>
#include <fornax/functional/conv.hpp>
#include <fornax/functional/deform_conv.hpp>
#include <fornax/functional/distance.hpp>
#include <fornax/functional/dropout.hpp>
#include <fornax/functional/einsum.hpp>
#include <fornax/functional/embedding.hpp>
#include <fornax/functional/fold.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/functional/linear.hpp>
#include <fornax/functional/loss.hpp>
#include <fornax/functional/norm.hpp>
#include <fornax/functional/pad.hpp>
#include <fornax/functional/pool.hpp>
#include <fornax/functional/quantize.hpp>
#include <fornax/functional/recurrent.hpp>
#include <fornax/functional/resample.hpp>
#include <fornax/functional/sampling.hpp>
#include <fornax/functional/signal.hpp>
#include <fornax/functional/softmax.hpp>
