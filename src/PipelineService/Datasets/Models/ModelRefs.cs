using System.Collections.Immutable;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>The models that a definition names, while it is being declared: none of them goes before it is.</summary>
internal static class ModelRefs
{
    /// <summary>Keeps them from being deleted until the transaction ends; one that has gone meanwhile is a fault.</summary>
    public static async Task<Problem?> FaultOfAsync(NpgsqlConnection connection, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        ImmutableArray<TransformOp> ops = definition.Transforms;
        for (int i = 0; i < ops.Length; i++)
        {
            if (ops[i] is not ScoreOp score)
            {
                continue;
            }

            (string name, int? version) = ScoreOp.Split(score.Model);
            if (await ModelStore.HoldAsync(connection, name, version, cancellationToken) is null)
            {
                return DatasetProblems.InvalidDefinition(new Dictionary<string, string[]>
                {
                    [$"{JsonPointer.Append("/transforms", i)}/model"] = ["It was deleted a moment ago."],
                });
            }
        }

        return null;
    }
}
