#pragma once
// Networks: modules, configs and layers.

#include <fornax/nn/activation.hpp>
#include <fornax/nn/attention.hpp>
#include <fornax/nn/conv.hpp>
#include <fornax/nn/deform_conv.hpp>
#include <fornax/nn/distance.hpp>
#include <fornax/nn/dropout.hpp>
#include <fornax/nn/embedding.hpp>
#include <fornax/nn/linear.hpp>
#include <fornax/nn/lora.hpp>
#include <fornax/nn/loss.hpp>
#include <fornax/nn/mixture.hpp>
#include <fornax/nn/norm.hpp>
#include <fornax/nn/pool.hpp>
#include <fornax/nn/quantized.hpp>
#include <fornax/nn/recurrent.hpp>
#include <fornax/nn/reparam.hpp>
#include <fornax/nn/resample.hpp>
#include <fornax/nn/sequential.hpp>
#include <fornax/nn/state.hpp>
#include <fornax/nn/summary.hpp>
#include <fornax/nn/transformer.hpp>
