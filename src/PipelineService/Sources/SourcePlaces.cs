using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Http;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Folders;
using PipelineService.Sources.Queues;
using PipelineService.Spool;

namespace PipelineService.Sources;

/// <summary>Finds the places of sources, by what was declared and what the configuration allows now.</summary>
internal sealed class SourcePlaces(IOptions<SourcesOptions> options, StoreClients stores, ISpool spool)
{
    /// <exception cref="SourceFaultException">It is none that may be looked at.</exception>
    public IObjectPlace Open(SourceRow row) => row.Kind == SourceKinds.Bucket ? stores.Open(BucketOf(row)!) : OpenFolder(FolderOf(row)!);

    /// <summary>Where a source is, by which two of a kind are told apart.</summary>
    public static string Of(SourceRow row) => FolderOf(row)?.Place ?? BucketOf(row)?.Place ?? QueueOf(row)!.Place;

    /// <summary>Null of a source of another kind.</summary>
    public static FolderSettings? FolderOf(SourceRow row) => SettingsOf<FolderSettings>(row, SourceKinds.Folder);

    /// <inheritdoc cref="FolderOf"/>
    public static BucketSettings? BucketOf(SourceRow row) => SettingsOf<BucketSettings>(row, SourceKinds.Bucket);

    /// <inheritdoc cref="FolderOf"/>
    public static QueueSettings? QueueOf(SourceRow row) => SettingsOf<QueueSettings>(row, SourceKinds.Queue);

    private static T? SettingsOf<T>(SourceRow row, string kind)
        where T : class => row.Kind == kind ? JsonSerializer.Deserialize<T>(row.Settings, PipelineJson.Options) : null;

    private FolderPlace OpenFolder(FolderSettings settings) => options.Value.Folders.TryGetValue(settings.Root, out string? root)
        ? FolderPlace.Open(root, settings, spool.Place)
        : throw new SourceFaultException($"The service has no folder that is called \"{settings.Root}\" (Sources:Folders).");
}
