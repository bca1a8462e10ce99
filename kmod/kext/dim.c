// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic interrupt moderation by the kernel's library dimlib, for kext/dim.rs: see shim.h.
 *
 * dimlib may be a module, or not exist. So its functions are weak symbols here: a function that
 * does not exist when this module is loaded is NULL, and the load succeeds. (symbol_get() does not
 * work: it only accepts symbols that are exported with EXPORT_SYMBOL_GPL().)
 */
#include <linux/dim.h>

#include "shim.h"

extern typeof(net_dim) net_dim __weak;
extern typeof(net_dim_get_rx_moderation) net_dim_get_rx_moderation __weak;

/*
 * Pointers in data, because a direct call does not reach address 0 on some architectures.
 * READ_ONCE() keeps the compiler from making direct calls of them.
 */
static const struct {
	typeof(net_dim) *net_dim;
	typeof(net_dim_get_rx_moderation) *get_rx_moderation;
} dimlib = {
	.net_dim = net_dim,
	.get_rx_moderation = net_dim_get_rx_moderation,
};

bool simrupt_has_dim(void)
{
	return READ_ONCE(dimlib.net_dim) && READ_ONCE(dimlib.get_rx_moderation);
}

void simrupt_dim_init(struct dim *dim, work_func_t function)
{
	*dim = (struct dim){
		.mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE,
		.profile_ix = NET_DIM_DEF_PROFILE_EQE,
	};
	INIT_WORK(&dim->work, function);
}

void simrupt_net_dim(struct dim *dim, u16 events, u64 packets, u64 bytes)
{
	typeof(net_dim) *function = READ_ONCE(dimlib.net_dim);
	struct dim_sample sample = {};

	dim_update_sample(events, packets, bytes, &sample);
	function(dim, &sample);
}

void simrupt_dim_profile(const struct dim *dim, u16 *usecs, u16 *packets)
{
	typeof(net_dim_get_rx_moderation) *function = READ_ONCE(dimlib.get_rx_moderation);
	struct dim_cq_moder profile = function(dim->mode, dim->profile_ix);

	*usecs = profile.usec;
	*packets = profile.pkts;
}

void simrupt_dim_applied(struct dim *dim)
{
	smp_store_release(&dim->state, DIM_START_MEASURE);
}
