using System.Reflection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// The build runs the entry point to write the contract, and starts the host for it. Nothing else may start then: neither a
/// private database in the source folder, nor jobs in a database that happens to be configured.
/// </summary>
public static class DocumentBuild
{
    /// <summary>The program of Microsoft.Extensions.ApiDescription.Server that loads this assembly.</summary>
    private const string Generator = "GetDocument.Insider";

    private static bool IsRunning => Assembly.GetEntryAssembly()?.GetName().Name == Generator;

    /// <summary>
    /// Takes all background work out while the document is written; the web host itself is added later. So goes what a start
    /// asks of the machine, because the document needs no database.
    /// </summary>
    public static IServiceCollection WithoutBackgroundWorkInDocumentBuild(this IServiceCollection services) =>
        IsRunning ? services.RemoveAll<IHostedService>().RemoveAll<IValidateOptions<HostingOptions>>() : services;
}
