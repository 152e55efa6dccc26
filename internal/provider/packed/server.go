package packed

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// Answerer is a provider's server that serves list resources too.
type Answerer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// Server returns a server that answers as inner does, for which the attributes are texts in
// every resource and data source that has them.
//
// An upgrade of a saved state from another version of a resource's schema does not see the
// attributes; a saved state that has another type of one is refused.
func Server(inner Answerer, packed ...Attribute) Answerer {
	s := &server{Answerer: inner, attributes: attributes{}}
	for _, a := range packed {
		s.attributes[a.Name] = a
	}
	return s
}

type server struct {
	Answerer
	attributes attributes
}

// pack and unpack turn some values, nil among them, each in its place.
func (s *server) pack(values ...**tfprotov6.DynamicValue) error {
	return turn(s.attributes.pack, values)
}

func (s *server) unpack(values ...**tfprotov6.DynamicValue) error {
	return turn(s.attributes.unpack, values)
}

func turn(by func(*tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error), values []**tfprotov6.DynamicValue) error {
	for _, v := range values {
		turned, err := by(*v)
		if err != nil {
			return err
		}
		*v = turned
	}
	return nil
}

func (s *server) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resp, err := s.Answerer.GetProviderSchema(ctx, req)
	if resp == nil {
		return resp, err
	}
	for _, a := range s.attributes {
		for _, schema := range resp.ResourceSchemas {
			a.describe(schema)
		}
		for _, schema := range resp.DataSourceSchemas {
			a.describe(schema)
		}
	}
	return resp, err
}

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	r := *req
	if err := s.pack(&r.Config); err != nil {
		return nil, err
	}
	return s.Answerer.ValidateResourceConfig(ctx, &r)
}

// UpgradeResourceState hands the saved state on without the attributes, and puts them back.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	r := *req
	rest, values, err := s.attributes.takeOut(req.RawState)
	if err != nil {
		return nil, err
	}
	r.RawState = rest
	resp, err := s.Answerer.UpgradeResourceState(ctx, &r)
	if resp == nil {
		return resp, err
	}
	upgraded, rerr := s.attributes.replace(resp.UpgradedState, func(name string, null msgpack.RawMessage) (msgpack.RawMessage, error) {
		if value, saved := values[name]; saved {
			return value, nil
		}
		return null, nil
	})
	if rerr != nil {
		return nil, rerr
	}
	resp.UpgradedState = upgraded
	return resp, err
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	r := *req
	if err := s.pack(&r.CurrentState); err != nil {
		return nil, err
	}
	resp, err := s.Answerer.ReadResource(ctx, &r)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.NewState); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	r := *req
	if err := s.pack(&r.PriorState, &r.ProposedNewState, &r.Config); err != nil {
		return nil, err
	}
	resp, err := s.Answerer.PlanResourceChange(ctx, &r)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.PlannedState); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	r := *req
	if err := s.pack(&r.PriorState, &r.PlannedState, &r.Config); err != nil {
		return nil, err
	}
	resp, err := s.Answerer.ApplyResourceChange(ctx, &r)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.NewState); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.Answerer.ImportResourceState(ctx, req)
	if resp == nil {
		return resp, err
	}
	for _, imported := range resp.ImportedResources {
		if uerr := s.unpack(&imported.State); uerr != nil {
			return nil, uerr
		}
	}
	return resp, err
}

func (s *server) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	resp, err := s.Answerer.MoveResourceState(ctx, req)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.TargetState); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

func (s *server) GenerateResourceConfig(ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	r := *req
	if err := s.pack(&r.State); err != nil {
		return nil, err
	}
	resp, err := s.Answerer.GenerateResourceConfig(ctx, &r)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.Config); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	r := *req
	if err := s.pack(&r.Config); err != nil {
		return nil, err
	}
	return s.Answerer.ValidateDataResourceConfig(ctx, &r)
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	r := *req
	if err := s.pack(&r.Config); err != nil {
		return nil, err
	}
	resp, err := s.Answerer.ReadDataSource(ctx, &r)
	if resp == nil {
		return resp, err
	}
	if uerr := s.unpack(&resp.State); uerr != nil {
		return nil, uerr
	}
	return resp, err
}

// ListResource leaves out the resource of a result that can't be unpacked, and says so.
func (s *server) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	resp, err := s.Answerer.ListResource(ctx, req)
	if resp == nil {
		return resp, err
	}
	results := resp.Results
	resp.Results = func(push func(tfprotov6.ListResourceResult) bool) {
		for r := range results {
			if uerr := s.unpack(&r.Resource); uerr != nil {
				r.Resource = nil
				r.Diagnostics = append(r.Diagnostics, &tfprotov6.Diagnostic{
					Severity: tfprotov6.DiagnosticSeverityError, Summary: "A cluster can't be shown", Detail: uerr.Error() + ".",
				})
			}
			if !push(r) {
				return
			}
		}
	}
	return resp, err
}
