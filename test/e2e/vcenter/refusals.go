package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// refused is a virtual machine in the place of one whose change vCenter refuses: the call gives a task, and that fails.
type refused struct {
	*simulator.VirtualMachine
	fault types.BaseMethodFault
}

func (r *refused) ReconfigVMTask(ctx *simulator.Context, _ *types.ReconfigVM_Task) soap.HasFault {
	task := simulator.CreateTask(r, "reconfigVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, r.fault
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task.Run(ctx)}}
}

// refusing gives the receiver of a change of network cards that vCenter refuses and the simulator takes: a network that
// the machine's host does not have or that is none at all, and a card that becomes one of another type. Nil for all else.
func refusing(ctx *simulator.Context, method *simulator.Method) mo.Reference {
	request, ok := method.Body.(*types.ReconfigVM_Task)
	if !ok {
		return nil
	}
	vm, ok := ctx.Map.Get(request.This).(*simulator.VirtualMachine)
	if !ok {
		return nil
	}
	for i, change := range request.Spec.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		card, ok := spec.Device.(types.BaseVirtualEthernetCard)
		if !ok || spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			continue
		}
		invalid := types.InvalidDeviceSpec{DeviceIndex: int32(i)}
		if spec.Operation == types.VirtualDeviceConfigSpecOperationEdit && !sameType(vm, spec.Device) {
			return &refused{vm, &invalid}
		}
		if !reaches(ctx, vm, card.GetVirtualEthernetCard().Backing) {
			return &refused{vm, &types.InvalidDeviceBacking{InvalidDeviceSpec: invalid}}
		}
	}
	return nil
}

func sameType(vm *simulator.VirtualMachine, edited types.BaseVirtualDevice) bool {
	for _, device := range vm.Config.Hardware.Device {
		if device.GetVirtualDevice().Key == edited.GetVirtualDevice().Key {
			return reflect.TypeOf(device) == reflect.TypeOf(edited)
		}
	}
	// The simulator itself refuses to change a device that is not there.
	return true
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
