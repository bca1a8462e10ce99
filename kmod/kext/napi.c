// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline functions of NAPI, for kext/napi.rs: see shim.h. Only for kernels with CONFIG_NET.
 */
#include <linux/netdevice.h>
#include <linux/string.h>

#include "shim.h"

void simrupt_net_device_set_name(struct net_device *device, const char *name)
{
	strscpy(device->name, name);
}

void simrupt_napi_add(struct net_device *device, struct napi_struct *napi,
		      int (*poll)(struct napi_struct *napi, int budget))
{
	netif_napi_add(device, napi, poll);
}

void simrupt_napi_del(struct napi_struct *napi)
{
	netif_napi_del(napi);
}

int simrupt_napi_set_threaded(struct net_device *device)
{
	return dev_set_threaded(device, NETDEV_NAPI_THREADED_ENABLED);
}
