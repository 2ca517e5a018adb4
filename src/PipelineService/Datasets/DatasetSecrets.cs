using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets;

/// <summary>
/// The secrets that definitions name and never hold: <see cref="DatasetsOptions.Secrets"/>. No other setting can be named, so that
/// nobody who may declare a dataset can try out what the service's own secrets are.
/// </summary>
public sealed class DatasetSecrets(DatasetsOptions options)
{
    /// <summary>The bytes of a secret; null when it is not set, or empty.</summary>
    public byte[]? Find(string name) =>
        options.Secrets?.TryGetValue(name, out string? secret) == true && secret.Length > 0 ? Encoding.UTF8.GetBytes(secret) : null;

    /// <summary>The secrets that a definition names and that are not set: JSON pointer → sentences; empty when there are none.</summary>
    internal IReadOnlyDictionary<string, string[]> FaultsOf(DatasetDefinition definition)
    {
        OrderedDictionary<string, string[]> faults = [];
        for (int i = 0; i < definition.Transforms.Length; i++)
        {
            if (definition.Transforms[i] is HashOp { Secret: string name } hash && Find(name) is null)
            {
                faults.Add(
                    PointerTo(hash, i),
                    [$"The service has no secret \"{name}\": set Datasets:Secrets:{name} (environment: Datasets__Secrets__{name})."]);
            }
        }

        return faults;
    }

    private static string PointerTo(HashOp hash, int index) =>
        JsonPointer.Append(JsonPointer.Append("/transforms", index), hash.Algorithm == HashKind.Sha256 ? "saltFrom" : "secret");
}
