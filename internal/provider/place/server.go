package place

import (
	"context"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Answerer is a provider's server that serves list resources too.
type Answerer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// Server returns a server that answers as inner does, with each diagnostic in its place.
func Server(inner Answerer) Answerer {
	s := &server{Answerer: inner}
	s.schemas = sync.OnceValue(s.readSchemas)
	return s
}

type server struct {
	Answerer
	schemas func() *tfprotov6.GetProviderSchemaResponse
}

// readSchemas returns the provider's schemas; without an answer there are none.
func (s *server) readSchemas() *tfprotov6.GetProviderSchemaResponse {
	answer, err := s.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || answer == nil {
		return &tfprotov6.GetProviderSchemaResponse{}
	}
	return answer
}

func (s *server) resource(name string, config *tfprotov6.DynamicValue) configuration {
	return configuration{s.schemas().ResourceSchemas[name], config}
}

func (s *server) dataSource(name string, config *tfprotov6.DynamicValue) configuration {
	return configuration{s.schemas().DataSourceSchemas[name], config}
}

func (s *server) list(name string, config *tfprotov6.DynamicValue) configuration {
	return configuration{s.schemas().ListResourceSchemas[name], config}
}

func (s *server) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	resp, err := s.Answerer.ValidateProviderConfig(ctx, req)
	if resp != nil {
		resp.Diagnostics = configuration{s.schemas().Provider, req.Config}.place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := s.Answerer.ConfigureProvider(ctx, req)
	if resp != nil {
		resp.Diagnostics = configuration{s.schemas().Provider, req.Config}.place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := s.Answerer.ValidateResourceConfig(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.resource(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := s.Answerer.ReadResource(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.resource(req.TypeName, nil).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := s.Answerer.PlanResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.resource(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.Answerer.ApplyResourceChange(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.resource(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.Answerer.ImportResourceState(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.resource(req.TypeName, nil).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	resp, err := s.Answerer.ValidateDataResourceConfig(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.dataSource(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := s.Answerer.ReadDataSource(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.dataSource(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	resp, err := s.Answerer.ValidateListResourceConfig(ctx, req)
	if resp != nil {
		resp.Diagnostics = s.list(req.TypeName, req.Config).place(resp.Diagnostics)
	}
	return resp, err
}

func (s *server) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	resp, err := s.Answerer.ListResource(ctx, req)
	if resp == nil {
		return resp, err
	}
	results := resp.Results
	resp.Results = func(push func(tfprotov6.ListResourceResult) bool) {
		for r := range results {
			r.Diagnostics = s.list(req.TypeName, req.Config).place(r.Diagnostics)
			if !push(r) {
				return
			}
		}
	}
	return resp, err
}

// CallFunction leaves out the full stop of an error: the CLI puts one behind it.
func (s *server) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	resp, err := s.Answerer.CallFunction(ctx, req)
	if resp != nil && resp.Error != nil {
		resp.Error.Text = lowered(strings.TrimRight(resp.Error.Text, ". \n"))
	}
	return resp, err
}
