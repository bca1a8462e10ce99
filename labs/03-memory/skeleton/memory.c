// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells of memory of several kinds where its address lies, by pages of which size
 * it is mapped, and of how many pieces of physical memory it is made.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/sched/task_stack.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/set_memory.h>

/* The first I/O APIC of each PC. */
#define IO_APIC 0xfec00000

/*
 * TODO 1: return "direct", "vmalloc", "kernel", "modules" or "elsewhere", by these
 * bounds: PAGE_OFFSET to high_memory (the direct map), VMALLOC_START to VMALLOC_END
 * (the last byte), __START_KERNEL_map to MODULES_VADDR, MODULES_VADDR to MODULES_END.
 */
static const char *region(unsigned long address)
{
	return "elsewhere";
}

/* The physical address of a kernel address, and the size of the page that maps it. */
static phys_addr_t physical(unsigned long address, unsigned long *size)
{
	unsigned int level;
	pte_t *entry = lookup_address(address, &level);

	*size = 0;
	if (!entry || pte_none(*entry))
		return 0;
	/*
	 * TODO 2: entry is what maps the address, on that level: PG_LEVEL_4K, PG_LEVEL_2M
	 * or PG_LEVEL_1G. Set *size (PAGE_SIZE, PMD_SIZE, PUD_SIZE). The number of its
	 * first physical page is pte_pfn(*entry), pmd_pfn() or pud_pfn() of the same
	 * memory; PFN_PHYS() makes an address of it. Add the offset in the page.
	 */
	return 0;
}

/* How many pieces, each contiguous, the pages from address on are made of. */
static unsigned int pieces(unsigned long address, unsigned long size)
{
	unsigned long offset, page;
	phys_addr_t next = 0;
	unsigned int count = 0;

	for (offset = 0; offset < size; offset += PAGE_SIZE) {
		phys_addr_t here = physical(address + offset, &page);

		if (!count || here != next)
			count++;
		next = here + PAGE_SIZE;
	}
	return count;
}

static void tell(const char *name, void *start, unsigned long size)
{
	unsigned long address = (unsigned long)start & PAGE_MASK;
	unsigned long page;
	phys_addr_t here = physical((unsigned long)start, &page);
	bool right = page && here == slow_virt_to_phys(start);

	pr_info("memory: %s: %s at %px, page %lu KiB, %lu KiB in %u pieces, walk %s\n", name,
		region((unsigned long)start), start, page / SZ_1K, size / SZ_1K, pieces(address, size),
		right ? "right" : "wrong");
}

static char variable[SZ_64K];

/* Single pages, mapped one behind the other in the reverse order of their numbers. */
#define PAGES 16
static struct page *pages[PAGES];

static void *map_reversed(void)
{
	struct page *block = alloc_pages(GFP_KERNEL, ilog2(PAGES));
	int i;

	if (!block)
		return NULL;
	for (i = 0; i < PAGES; i++)
		pages[i] = block + PAGES - 1 - i;
	/* TODO 3: map these pages by vmap(), with VM_MAP and PAGE_KERNEL. */
	return NULL;
}

static void unmap_reversed(void *start)
{
	vunmap(start);
	if (pages[PAGES - 1])
		__free_pages(pages[PAGES - 1], ilog2(PAGES));
}

static int __init memory_init(void)
{
	void *small = kmalloc(SZ_64K, GFP_KERNEL);
	void *large = vmalloc(SZ_1M);
	void __iomem *registers = ioremap(IO_APIC, PAGE_SIZE);
	void *reversed = map_reversed();
	void *huge = kmalloc(SZ_8M, GFP_KERNEL | __GFP_NOWARN);
	int error = -ENOMEM;

	pr_info("memory: kmalloc of 8 MiB: %s\n", huge ? "works" : "fails");
	if (small && large && registers) {
		/* What is never written need not be there. */
		memset(variable, 1, sizeof(variable));
		tell("kmalloc", small, SZ_64K);
		tell("vmalloc", large, SZ_1M);
		tell("variable", variable, SZ_64K);
		tell("function", tell, PAGE_SIZE);
		tell("kernel", kfree, PAGE_SIZE);
		tell("stack", task_stack_page(current), THREAD_SIZE);
		tell("registers", (void __force *)registers, PAGE_SIZE);
		if (reversed)
			tell("reversed", reversed, PAGES * PAGE_SIZE);
		error = 0;
	}
	kfree(huge);
	unmap_reversed(reversed);
	if (registers)
		iounmap(registers);
	vfree(large);
	kfree(small);
	return error;
}

static void __exit memory_exit(void)
{
}

module_init(memory_init);
module_exit(memory_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tells where memory lies");
