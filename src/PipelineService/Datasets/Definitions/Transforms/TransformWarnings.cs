using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>What can be declared, and does less than its author may think.</summary>
internal static class TransformWarnings
{
    /// <param name="warnings">What is warned of already; null: nothing.</param>
    /// <param name="definition">The definition.</param>
    /// <returns>JSON pointer into the definition → sentences; null when there are none.</returns>
    public static IReadOnlyDictionary<string, string[]>? With(
        IReadOnlyDictionary<string, string[]>? warnings, DatasetDefinition definition)
    {
        OrderedDictionary<string, string[]> all = warnings is null ? [] : new(warnings);
        for (int i = 0; i < definition.Transforms.Length; i++)
        {
            if (definition.Transforms[i] is HashOp { Algorithm: HashKind.Sha256, Pii: true, Secret: null })
            {
                all.Add(
                    $"{JsonPointer.Append("/transforms", i)}/algorithm",
                    [
                        "A hash without a key can be undone for personal data: who has it hashes all phone numbers, or a list of"
                        + " addresses, and compares. Use hmac-sha256 with a secret.",
                    ]);
            }
        }

        return all.Count == 0 ? null : all;
    }
}
