using System.Text.Json;
using PipelineService.Core.Scoring;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>A version of a model as the database has it, without its file.</summary>
public sealed record ModelRow(
    string Model, int Version, byte[] Sha256, int Bytes, string Signature, string CreatedBy, DateTime CreatedAt, string? Tenant)
{
    /// <summary>What it takes and gives.</summary>
    public ModelSignature ReadSignature() => JsonSerializer.Deserialize<ModelSignature>(Signature, PipelineJson.Options)!;

    /// <summary>As the database keeps it.</summary>
    public static string Write(ModelSignature signature) => JsonSerializer.Serialize(
        new { signature.Inputs, signature.Outputs, signature.Features }, PipelineJson.Options);
}
