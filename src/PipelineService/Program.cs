using PipelineService;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Datasets.Models;
using PipelineService.Hosting.Demo;
using PipelineService.Hosting.Health;
using PipelineService.Hosting.Migrations;
using PipelineService.Hosting.Startup;
using PipelineService.Spool.Conversion;

if (TrialCommand.IsAskedFor(args))
{
    return TrialCommand.Run(args);
}

if (AuditCommand.IsAskedFor(args))
{
    return await AuditCommand.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
}

if (KeysCommand.IsAskedFor(args))
{
    return await KeysCommand.RunAsync(args, Console.Out, Console.Error);
}

if (ConverterCommand.IsAskedFor(args))
{
    return await ConverterCommand.RunAsync(args);
}

if (MigrateCommand.IsAskedFor(args))
{
    return await MigrateCommand.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
}

if (CommandLine.Answer(args) is (var text, var exitCode))
{
    await (exitCode == 0 ? Console.Out : Console.Error).WriteLineAsync(text);
    return exitCode;
}

if (HealthProbe.IsAskedFor(args))
{
    return await HealthProbe.RunAsync(Console.Error);
}

try
{
    // Content beside the program, so that it finds its appsettings.json from whatever folder it is started in.
    WebApplicationBuilder builder = WebApplication.CreateBuilder(
        new WebApplicationOptions { Args = DemoExtensions.Settings(args), ContentRootPath = AppContext.BaseDirectory });
    builder.AddPipelineService();
    builder.AddDemo(args);

    WebApplication app = builder.Build();
    app.UsePipelineService();

    return await app.RunToEndAsync();
}
catch (Exception fault) when (StartupFaults.Describe(fault) is { } message)
{
    return await StartupFaults.TellAsync(message);
}
