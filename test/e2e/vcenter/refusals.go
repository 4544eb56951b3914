package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// noDevice is the key of no device of any machine.
const noDevice = -4711

// refuse lets the task fail that changes a network card in a way that vCenter refuses and the simulator takes: to a
// network that the machine's host does not have or that is none at all, and to a card of another type. The request is
// made one about a device that is not there, which the simulator refuses with the fault of vCenter, InvalidDeviceSpec.
func refuse(ctx *simulator.Context, method *simulator.Method) {
	request, ok := method.Body.(*types.ReconfigVM_Task)
	if !ok {
		return
	}
	vm, ok := ctx.Map.Get(request.This).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	for _, change := range request.Spec.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		card, ok := spec.Device.(types.BaseVirtualEthernetCard)
		if !ok || spec.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			continue
		}
		if !sameType(vm, spec.Device) || !reaches(ctx, vm, card.GetVirtualEthernetCard().Backing) {
			spec.Device.GetVirtualDevice().Key = noDevice
		}
	}
}

func sameType(vm *simulator.VirtualMachine, edited types.BaseVirtualDevice) bool {
	for _, device := range vm.Config.Hardware.Device {
		if device.GetVirtualDevice().Key == edited.GetVirtualDevice().Key {
			return reflect.TypeOf(device) == reflect.TypeOf(edited)
		}
	}
	return false
}

// reaches says whether the machine's host has the network. Hosts that are no members of a distributed switch are refused
// by the simulator itself.
func reaches(ctx *simulator.Context, vm *simulator.VirtualMachine, backing types.BaseVirtualDeviceBackingInfo) bool {
	switch info := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		host := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
		system, ok := ctx.Map.Get(*host.ConfigManager.NetworkSystem).(*networkSystem)
		if !ok {
			return false
		}
		for _, group := range system.NetworkInfo.Portgroup {
			if group.Spec.Name == info.DeviceName {
				return true
			}
		}
		return false
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		group := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: info.Port.PortgroupKey}
		return ctx.Map.Get(group) != nil
	default:
		return true
	}
}
