using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Http;
using PipelineService.Sources.Folders;
using PipelineService.Spool;

namespace PipelineService.Sources;

/// <summary>Finds the places of sources, by what was declared and what the configuration allows now.</summary>
internal sealed class SourcePlaces(IOptions<SourcesOptions> options, ISpool spool)
{
    /// <exception cref="SourceFaultException">It is none that may be looked at.</exception>
    public IObjectPlace Open(SourceRow row)
    {
        FolderSettings settings = FolderOf(row);
        return options.Value.Folders.TryGetValue(settings.Root, out string? root)
            ? FolderPlace.Open(root, settings, spool.Place)
            : throw new SourceFaultException($"The service has no folder that is called \"{settings.Root}\" (Sources:Folders).");
    }

    /// <summary>Where a source is, by which two of a kind are told apart.</summary>
    public static string Of(SourceRow row) => FolderOf(row).Place;

    public static FolderSettings FolderOf(SourceRow row) => JsonSerializer.Deserialize<FolderSettings>(row.Settings, PipelineJson.Options)!;
}
