using PipelineService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.AddPipelineService();

WebApplication app = builder.Build();
app.UsePipelineService();

await app.RunAsync();
