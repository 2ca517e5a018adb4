using System.Text.Json;
using PipelineService.Datasets.Models;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Runs;

/// <summary>What a job has pinned.</summary>
/// <param name="Lookups">By the name of a dataset the job whose rows of it are seen.</param>
/// <param name="Models">By the reference in the definition the version of the model.</param>
public sealed record PinnedVersions(IReadOnlyDictionary<string, Guid> Lookups, IReadOnlyDictionary<string, int> Models)
{
    public static PinnedVersions None { get; } = new(new Dictionary<string, Guid>(), new Dictionary<string, int>());

    /// <summary>What the row of a job says; null where it says nothing.</summary>
    public static PinnedVersions? Read(string? pins)
    {
        if (pins is null || JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(pins, PipelineJson.Options) is not { } all)
        {
            return null;
        }

        return new PinnedVersions(
            all.Where(pin => !ModelPins.IsOne(pin.Key)).ToDictionary(pin => pin.Key, pin => pin.Value.GetGuid()),
            all.Where(pin => ModelPins.IsOne(pin.Key)).Select(pin => ModelPins.Read(pin.Key, pin.Value)).ToDictionary());
    }
}
