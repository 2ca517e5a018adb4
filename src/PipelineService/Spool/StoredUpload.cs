using System.Text.Json.Serialization;

namespace PipelineService.Spool;

/// <summary>What a manifest document holds of an upload.</summary>
/// <param name="Data">Its bytes, where they lie in the document, too; null where they lie elsewhere.</param>
internal sealed record StoredUpload(
    SpoolManifest Manifest, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] byte[]? Data = null);
