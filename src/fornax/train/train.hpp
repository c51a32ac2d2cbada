#pragma once
// Training: the Learner, metrics, checkpoints.

#include <fornax/train/checkpoints.hpp>
#include <fornax/train/interrupt.hpp>
#include <fornax/train/learner.hpp>
#include <fornax/train/metric.hpp>
#include <fornax/train/metrics/classes.hpp>
#include <fornax/train/metrics/images.hpp>
#include <fornax/train/metrics/progress.hpp>
#include <fornax/train/metrics/ranking.hpp>
#include <fornax/train/metrics/regression.hpp>
#include <fornax/train/metrics/text.hpp>
#include <fornax/train/observation.hpp>
#include <fornax/train/output.hpp>
#include <fornax/train/stopping.hpp>
#include <fornax/train/view.hpp>
