package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The template that labs are cloned from.
const templateName = "debian-13"

// inventory: datacenter DC0 with the standalone host DC0_H0, the cluster DC0_C0, LocalDS_0, "VM Network", and DVS0 with
// the port groups DC0_DVPG0 and DC0_DVPG1.
func inventory() *simulator.Model {
	model := simulator.VPX()
	model.ClusterHost = 2
	model.Machine = 1
	// Two networks to be on.
	model.Portgroup = 2
	model.Autostart = false
	return model
}

// prepare makes the template and closes gaps of the simulator.
func prepare(model *simulator.Model) error {
	registry := model.Map()
	for _, entity := range registry.All("HostSystem") {
		host := entity.(*simulator.HostSystem)
		system, ok := registry.Get(*host.ConfigManager.NetworkSystem).(*simulator.HostNetworkSystem)
		if !ok {
			return fmt.Errorf("%s has no network system", host.Name)
		}
		registry.Put(&networkSystem{system})
	}
	for _, reference := range registry.AllReference("EnvironmentBrowser") {
		browser := reference.(*simulator.EnvironmentBrowser)
		// The version of its machines, without which the plugin takes every change of one for an upgrade.
		browser.QueryConfigOptionResponse.Returnval = &types.VirtualMachineConfigOption{
			Version:         esx.HardwareVersion,
			DefaultDevice:   esx.VirtualDevice,
			HardwareOptions: types.VirtualHardwareOption{HwVersion: 13},
		}
	}
	for _, entity := range registry.All("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		if *vm.Runtime.Host != standaloneHost(registry) {
			vm.UnregisterVM(model.Service.Context, &types.UnregisterVM{This: vm.Self})
			continue
		}
		vm.Name = templateName
		vm.Config.Name = templateName
		vm.Summary.Config.Name = templateName
		vm.MarkAsTemplate(&types.MarkAsTemplate{This: vm.Self})
	}
	return nil
}

// standaloneHost is the one that is in no cluster.
func standaloneHost(registry *simulator.Registry) types.ManagedObjectReference {
	for _, entity := range registry.All("HostSystem") {
		host := entity.(*simulator.HostSystem)
		if host.Parent.Type == "ComputeResource" {
			return host.Self
		}
	}
	return types.ManagedObjectReference{}
}

// networkSystem gives new port groups the computed policy that a real host does, and without which the plugin panics.
type networkSystem struct {
	*simulator.HostNetworkSystem
}

func (s *networkSystem) AddPortGroup(ctx *simulator.Context, req *types.AddPortGroup) soap.HasFault {
	answer := s.HostNetworkSystem.AddPortGroup(ctx, req)
	s.computePolicies()
	return answer
}

func (s *networkSystem) UpdatePortGroup(ctx *simulator.Context, req *types.UpdatePortGroup) soap.HasFault {
	for i := range s.NetworkInfo.Portgroup {
		if s.NetworkInfo.Portgroup[i].Spec.Name == req.PgName {
			s.NetworkInfo.Portgroup[i].Spec = req.Portgrp
		}
	}
	s.computePolicies()
	return &methods.UpdatePortGroupBody{Res: new(types.UpdatePortGroupResponse)}
}

func (s *networkSystem) computePolicies() {
	no, yes := types.NewBool(false), types.NewBool(true)
	for i := range s.NetworkInfo.Portgroup {
		s.NetworkInfo.Portgroup[i].ComputedPolicy = types.HostNetworkPolicy{
			Security: &types.HostNetworkSecurityPolicy{AllowPromiscuous: no, MacChanges: no, ForgedTransmits: no},
			NicTeaming: &types.HostNicTeamingPolicy{
				Policy:          "loadbalance_srcid",
				NotifySwitches:  yes,
				RollingOrder:    no,
				FailureCriteria: &types.HostNicFailureCriteria{CheckBeacon: no},
				NicOrder:        new(types.HostNicOrderPolicy),
			},
			ShapingPolicy: &types.HostNetworkTrafficShapingPolicy{Enabled: no},
		}
	}
}
